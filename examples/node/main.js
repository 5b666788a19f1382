// An order-to-cash integration for a shop with three channels, one ERP, two warehouses and two carriers.
//
// Webhooks, polls and batch files all become messages in the journal. One lane for each order works its messages off
// one at a time; a message that cannot be worked off steps aside and comes again, so the next one is not held up.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname } from 'node:path';

import { Flow, NotYet } from './flow.js';
import { Journal } from './journal.js';
import { Partner, clock, jittered, pause } from './partner.js';
import { Stock } from './stock.js';

const env = process.env;
const PORT = Number(env.PORT ?? 8080);
const POLL = Number(env.POLL_MS ?? 500);
const TELL = Number(env.LISTINGS_MS ?? 1000);
const COUNT = Number(env.COUNT_MS ?? 5000);
const QUIET = Number(env.QUIET_MS ?? 8000); // a release without news for so long is asked about
const LARGEST = 1 << 20; // bytes of a webhook

const partners = JSON.parse(env.SEATRIAL_PARTNERS ?? '[]').map((told) => new Partner(told));
const named = new Map(partners.map((p) => [p.name, p]));
const withRole = (role) => partners.filter((p) => p.role === role);

const path = env.JOURNAL ?? beside(env.SEATRIAL_STORE) ?? 'journal.jsonl';
mkdirSync(dirname(path), { recursive: true });
const journal = new Journal(path);
const stock = new Stock(withRole('warehouse'), withRole('channel'));
const flow = new Flow(journal, partners, stock, enqueue);

/** Seatrial names a database in the folder of the run; our journal lies next to it and is as fresh. */
function beside(store) {
  return store?.startsWith('sqlite:///') ? `${store.slice('sqlite:///'.length)}.jsonl` : undefined;
}

// Messages and lanes.

const lanes = new Map(); // lane -> the promise that its last message is dealt with
let counted; // to be called once
const stockKnown = new Promise((resolve) => (counted = resolve)); // nothing is sourced before the first count

function enqueue(message) {
  if (journal.take(message)) run(message);
}

function run(message, failures = 0) {
  const before = lanes.get(message.lane) ?? stockKnown;
  const dealt = before.then(() => work(message, failures));
  lanes.set(message.lane, dealt);
  dealt.then(() => lanes.get(message.lane) === dealt && lanes.delete(message.lane));
}

async function work(message, failures) {
  try {
    await flow.handle(message);
    journal.finish(message.id);
  } catch (error) {
    if (!(error instanceof NotYet)) console.error(`${message.id}: ${error.message}`);
    if (failures === 12) await askPeople(message, error);
    setTimeout(run, jittered(Math.min(5000, 250 * 2 ** failures)), message, failures + 1);
  }
}

/** It goes on being tried; but a person should know. */
async function askPeople(message, error) {
  const no = message.body.order_no ?? '';
  await flow.exception(`stuck/${message.id}`, no, 'integration_support', error.message).catch(() => {});
}

/** Orders and wishes are known by the number of the change, however often and whichever way they come. */
function takeChange(change) {
  if (change.order && !journal.get(`order/${change.order_no}`)) stock.captured(change.order_no, change.order.lines);
  enqueue({ id: change.change_no, lane: change.order_no, kind: change.kind, body: change });
}

function takeNotice({ notice_no, event, order_no, body }) {
  if (body.change_no) return takeChange(body);
  if (event === 'inventory.adjusted') stock.adjusted(body);
  const lane = event === 'inventory.adjusted' ? `stock/${body.movement_no}` : order_no || notice_no;
  return enqueue({ id: notice_no, lane, kind: event, body });
}

// Webhooks.

const server = createServer(async (request, response) => {
  response.writeHead(await answer(request).catch(() => 500)).end();
});

async function answer(request) {
  if (request.method === 'GET' && request.url === '/health') return 200;
  const partner = named.get(/^\/webhooks\/([\w-]+)$/.exec(request.url)?.[1]);
  if (request.method !== 'POST' || !partner) return 404;
  const raw = await bodyOf(request);
  if (!raw) return 413;
  if (!signed(partner, raw, request.headers['x-signature'])) return 401;
  let notice;
  try {
    notice = JSON.parse(raw);
  } catch {
    return 400;
  }
  takeNotice(notice);
  await journal.synced(); // after the 2xx nobody will send it again
  return 204;
}

async function bodyOf(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function signed({ secret }, raw, signature = '') {
  if (!secret) return true;
  const ours = createHmac('sha256', secret).update(raw).digest();
  const theirs = Buffer.from(signature, 'base64');
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

// What is done again and again.

async function every(ms, what, job) {
  for (;;) {
    await job().catch((error) => console.error(`${what}: ${error.message}`));
    await pause(jittered(ms));
  }
}

/** The cursor is written after the changes of its page: a crash in between reads them twice, never skips them. */
async function poll(channel) {
  let page;
  do {
    page = await channel.get('/changes', { cursor: journal.get(`cursor/${channel.name}`) ?? '' });
    page.changes.forEach(takeChange);
    if (page.cursor && page.cursor !== journal.get(`cursor/${channel.name}`)) {
      journal.set(`cursor/${channel.name}`, page.cursor);
    }
  } while (page.more);
}

async function fetchBatches(channel) {
  for (;;) {
    const batch = await channel.get('/batches/next', { after: journal.get(`batch/${channel.name}`) ?? '' });
    if (!batch.batch_no) return;
    batch.changes.forEach(takeChange);
    await journal.synced();
    const path = `/batches/${encodeURIComponent(batch.batch_no)}/acknowledgement`;
    await channel.call('POST', path, { body: {}, key: `batch/${batch.batch_no}` });
    journal.set(`batch/${channel.name}`, batch.batch_no);
  }
}

/** For webhooks that never came: releases that are silent, and orders that wait for goods. */
async function sweep() {
  for (const [release_no, { no, warehouse, stage, since }] of journal.under('release/')) {
    if (!['accepted', 'labelled'].includes(stage) || Date.now() - since < QUIET) continue;
    const state = await named.get(warehouse).get(`/releases/${encodeURIComponent(release_no)}`, { order_no: no });
    const body = { release_no, order_no: no, state };
    if (['packed', 'shipped', 'rejected', 'cancelled'].includes(state.stage)) {
      enqueue({ id: `asked/${release_no}/${state.stage}`, lane: no, kind: 'fulfilment.asked', body });
    }
  }
  for (const [no, waiting] of journal.under('waiting/')) {
    if (!waiting || !stock.best(waiting.lines)) continue;
    const round = journal.get(`releases/${no}`);
    enqueue({ id: `source/${no}/${round}`, lane: no, kind: 'source', body: { order_no: no, no, round } });
  }
}

async function start() {
  for (const message of journal.unfinished()) {
    if (message.body.order) stock.captured(message.body.order_no, message.body.order.lines);
    run(message);
  }
  await new Promise((resolve) => server.listen(PORT, '127.0.0.1', resolve)); // ready: webhooks are stored from now on
  for (const warehouse of stock.warehouses) await untilDone(() => stock.count(warehouse));
  counted();
  for (const channel of stock.channels) {
    if (channel.kind === 'b2b') every(2 * POLL, `batches of ${channel.name}`, () => fetchBatches(channel));
    // A channel that calls is polled as well, less often: for what it could not tell.
    else every(channel.kind === 'storefront' ? 10 * POLL : POLL, `changes of ${channel.name}`, () => poll(channel));
  }
  for (const warehouse of stock.warehouses) every(COUNT, `stock of ${warehouse.name}`, () => stock.count(warehouse));
  every(TELL, 'listings', () => stock.tell());
  every(QUIET / 4, 'silent releases', sweep);
}

async function untilDone(job) {
  while (!(await job().then(() => true, () => false))) await pause(jittered(500));
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0)); // no farewell: like any crash
await start();
