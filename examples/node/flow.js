// The trade: what each message asks of an order, as steps of which each happens once.
//
// A handler may run again from its beginning, after a crash or because a partner was away. `step` makes that harmless:
// what is recorded is not done again, what may have been done is looked up first, and every attempt carries the same key.

import { Rejected, Unclear, clock } from './partner.js';

/** Something else has to come first; the message is tried again a little later. */
export class NotYet extends Error {}

// Refusals that say that an attempt before this one did it.
const ALREADY = ['already_exists', 'already_cancelled'];
const DAY = 86_400;
const part = encodeURIComponent; // release numbers have a slash in them
const units = (lines) => lines.reduce((sum, line) => sum + line.quantity, 0);
const bare = (lines) => lines.map(({ sku, quantity }) => ({ sku, quantity }));

export class Flow {
  constructor(journal, partners, stock, enqueue) {
    Object.assign(this, { journal, partners, stock, enqueue });
    this.erp = partners.find((p) => p.role === 'erp');
    this.desk = partners.find((p) => p.role === 'desk');
    this.carriers = partners.filter((p) => p.role === 'carrier');
  }

  named(name) {
    return this.partners.find((p) => p.name === name);
  }

  handle({ id, kind, body }) {
    switch (kind) {
      case 'placed':
        return this.placed(body);
      case 'cancellation_requested':
        return this.cancellation(body);
      case 'return_requested':
        return this.returned(body);
      case 'source':
        return this.sourceAgain(body);
      case 'void':
        return this.voidLabel(body);
      case 'fulfilment.packed':
      case 'fulfilment.shorted':
      case 'fulfilment.rejected':
      case 'fulfilment.cancelled':
      case 'fulfilment.asked': // our own sweep asked, because no webhook came
      case 'shipment.dispatched':
        return this.fulfilment(body);
      case 'inventory.adjusted':
        return this.adjusted(body);
      case 'return.received':
        return this.received(body, id);
      default:
        return kind.startsWith('shipment.') ? this.milestone(body) : undefined;
    }
  }

  /**
   * One write, once. `find` answers with what is there already, or undefined. `final` names refusals that are an
   * answer of the trade: they are recorded as { rejected: code } and not tried again.
   */
  async step(name, partner, method, path, body, { order, find, final = [] } = {}) {
    const known = this.journal.result(name);
    if (known !== undefined) return known;
    if (find && this.journal.begun(name)) {
      const found = await find();
      if (found !== undefined) return this.journal.record(name, found);
    }
    this.journal.begin(name);
    try {
      return this.journal.record(name, await partner.call(method, path, { body, key: name, order, find }));
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      if (ALREADY.includes(error.code)) return this.journal.record(name, { id: error.pointer });
      if (final.includes(error.code)) return this.journal.record(name, { rejected: error.code });
      throw error;
    }
  }

  // Orders.

  async placed({ order_no: no, order }) {
    const { erp, journal } = this;
    const channel = this.named(order.channel);
    if (!journal.get(`order/${no}`)) journal.set(`order/${no}`, order);
    this.stock.captured(no, order.lines);
    await this.step(`ack/${no}`, channel, 'POST', `/orders/${no}/acknowledgement`, {}, { order: no });
    const { customer_no, name, email, country } = order.customer;
    await this.step(`customer/${no}`, erp, 'POST', '/customers', { customer_no, name, email, country }, { order: no });
    const checked = await this.step(`check/${no}`, erp, 'POST', '/order-checks', { order_no: no, lines: order.lines }, { order: no });
    const wrong = checked.problems.filter((p) => p.problem !== 'not_stocked');
    if (wrong.length) return this.turnDown(order, wrong);
    await this.enter(order);
    const charges = checked.problems.map((p) => p.sku); // carriage and the like is invoiced, never shipped
    const goods = bare(order.lines).filter((l) => !charges.includes(l.sku));
    if (goods.length) await this.source(order, goods, 'first');
    this.stock.settled(no);
    return journal.set(`taken/${no}`, { goods });
  }

  enter({ order_no: no, channel, customer, currency, lines }) {
    const body = { order_no: no, channel, customer_no: customer.customer_no, currency, lines };
    const find = async () => {
      const { ids } = await this.erp.get(`/sales-orders/${no}`);
      return ids.length ? { id: ids[0] } : undefined;
    };
    return this.step(`sales-order/${no}`, this.erp, 'POST', '/sales-orders', body, { order: no, find });
  }

  /** An order with unknown items or impossible prices: the shopper gets the money back, and finance has a look. */
  async turnDown(order, problems) {
    const { order_no: no } = order;
    const reason = problems.map((p) => `${p.sku}: ${p.problem}`).join(', ');
    const answer = { cancelled: true, reason };
    await this.step(`answer/${no}`, this.named(order.channel), 'PUT', `/orders/${no}/cancellation`, answer, { order: no });
    await this.refund(order, `${no}/cancel`, worth(order, order.lines), reason);
    await this.exception(`${no}/lines`, no, 'finance', reason);
    this.stock.settled(no);
    this.journal.set(`cancelled/${no}`, true);
    this.journal.set(`taken/${no}`, { goods: [] });
  }

  // Sourcing.

  /** Release lines to the first warehouse that takes them all, else promise them for later. `why` names the need. */
  async source(order, lines, why, except = []) {
    const no = order.order_no;
    const tried = [...except];
    for (let n = 1; ; n++) {
      const warehouse = this.plan(`plan/${no}/${why}/${n}`, no, lines, tried);
      if (!warehouse.name) return this.backorder(order, lines, why);
      if (await this.release(order, lines, warehouse)) return undefined;
      tried.push(warehouse.name);
    }
  }

  /** A choice is written down before it is acted on: after a crash the same warehouse has to be asked again. */
  plan(step, no, lines, tried) {
    const known = this.journal.get(step);
    if (known) return known;
    const count = (this.journal.get(`releases/${no}`) ?? 0) + 1;
    this.journal.set(`releases/${no}`, count);
    return this.journal.set(step, { name: this.stock.best(lines, tried) ?? '', release_no: `${no}/R${count}` });
  }

  async release(order, lines, { name, release_no }) {
    const { order_no: no, customer, ship_by } = order;
    const body = { release_no, order_no: no, lines, country: customer.country, ship_by };
    const final = ['insufficient_stock', 'unknown_sku'];
    const taken = await this.step(`released/${release_no}`, this.named(name), 'POST', '/releases', body, { order: no, final });
    if (taken.rejected) return false;
    if (!this.journal.get(`release/${release_no}`)) {
      this.stock.held(name, lines);
      this.journal.set(`release/${release_no}`, { no, warehouse: name, lines, since: Date.now(), stage: 'accepted' });
    }
    const booked = { release_no, warehouse: name, lines };
    await this.step(`booked/${release_no}`, this.erp, 'POST', `/sales-orders/${no}/releases`, booked, { order: no });
    return true;
  }

  async backorder(order, lines, why) {
    const no = order.order_no;
    const promise = this.journal.get(`promise/${no}/${why}`) ?? this.journal.set(`promise/${no}/${why}`, clock.now + 5 * DAY);
    const booked = { lines, ship_by: promise };
    await this.step(`backorder/${no}/${why}`, this.erp, 'POST', `/sales-orders/${no}/backorders`, booked, { order: no });
    const path = `/orders/${no}/promise`;
    await this.step(`promised/${no}/${why}`, this.named(order.channel), 'PUT', path, { ship_by: promise }, { order: no });
    await this.tell(no, 'customer', 'backordered', why);
    await this.tell(no, 'service', 'backordered-service', why);
    this.journal.set(`waiting/${no}`, { lines });
  }

  /** Goods that waited: somebody may have them by now. */
  async sourceAgain({ no, round }) {
    const waiting = this.journal.get(`waiting/${no}`);
    if (!waiting || this.journal.get(`cancelled/${no}`)) return;
    await this.source(this.journal.get(`order/${no}`), waiting.lines, `again-${round}`);
    const planned = this.journal.get(`plan/${no}/again-${round}/1`);
    if (planned.name) this.journal.set(`waiting/${no}`, null);
  }

  // What warehouses tell.

  async fulfilment({ release_no, order_no: no, state }) {
    const release = this.journal.get(`release/${release_no}`);
    if (!release) throw new NotYet(`release ${release_no} is not ours yet`);
    const order = this.journal.get(`order/${no}`);
    if (release.stage === 'shipped') return undefined; // news that came late
    if (state.stage === 'packed') return this.packed(order, release_no, release, state);
    if (state.stage === 'shipped') return this.dispatched(order, release_no, release, state);
    if (state.stage === 'rejected' || state.stage === 'cancelled') return this.notShipped(order, release_no, release, state);
    return undefined;
  }

  async packed(order, release_no, release, { parcel_no, packed, short }) {
    const no = order.order_no;
    if (release.stage === 'stopped') return;
    const sold = await this.buyLabel(order, parcel_no, units(packed));
    const body = { order_no: no, parcel_no, carrier: sold.carrier, tracking_no: sold.tracking_no };
    const path = `/releases/${part(release_no)}/label`;
    await this.step(`attach/${parcel_no}`, this.named(release.warehouse), 'POST', path, body, { order: no });
    this.mark(release_no, release, 'labelled');
    await this.sourceTheRest(order, release_no, release, short);
  }

  /** What was not found on the shelf comes from elsewhere, or later; each webhook of a parcel may be the last. */
  async sourceTheRest(order, release_no, release, short) {
    if (short.length) await this.source(order, short, `rest-of-${release_no}`, [release.warehouse]);
  }

  async dispatched(order, release_no, release, { parcel_no, carrier, tracking_no, packed: lines, short, at }) {
    const { order_no: no, channel } = order;
    const parcel = { parcel_no, carrier, tracking_no, lines };
    await this.step(`confirm/${parcel_no}`, this.named(channel), 'POST', `/orders/${no}/shipments`, parcel, { order: no });
    await this.tell(no, 'customer', 'shipped', parcel_no);
    const shipped = { order_no: no, parcel_no, warehouse: release.warehouse, lines, shipped_at: at };
    await this.step(`shipment/${parcel_no}`, this.erp, 'POST', '/shipments', shipped, { order: no });
    const invoice = { order_no: no, parcel_no, posted_at: at };
    await this.step(`invoice/${parcel_no}`, this.erp, 'POST', '/invoices', invoice, { order: no });
    this.journal.set(`invoiced/${no}`, release.warehouse);
    await this.sourceTheRest(order, release_no, release, short);
    this.mark(release_no, release, 'shipped');
  }

  /** A release that the warehouse gave up: the next one, unless it was we who stopped it. */
  async notShipped(order, release_no, release, { stage }) {
    if (release.stage === 'stopped' || release.stage === 'given up') return;
    await this.source(order, release.lines, `instead-of-${release_no}`, stage === 'rejected' ? [release.warehouse] : []);
    this.mark(release_no, release, 'given up');
  }

  mark(release_no, release, stage) {
    this.journal.set(`release/${release_no}`, { ...release, stage, since: Date.now() });
  }

  /** Stock moved: the ERP books what was not a parcel of ours leaving. */
  async adjusted({ movement_no, warehouse, moves, reason, order_no }) {
    if (reason === 'shipped') return;
    const body = { movement_no, warehouse, moves, reason, order_no };
    await this.step(`movement/${movement_no}`, this.erp, 'POST', '/stock-movements', body, { order: order_no });
  }

  // Labels.

  /** The cheaper carrier, or the other one. What a carrier may have sold all the same is given back. */
  async buyLabel(order, parcel_no, count) {
    const step = `label/${parcel_no}`;
    const sold = this.journal.result(step);
    if (sold) return sold;
    if (this.journal.begun(step)) {
      const bought = await this.boughtBefore(order.order_no, parcel_no);
      if (bought) return this.journal.record(step, bought);
    }
    this.journal.begin(step);
    const suspects = [];
    for (const { carrier, rate_id } of await this.offers(order, parcel_no, count)) {
      const body = { order_no: order.order_no, parcel_no, rate_id };
      const find = () => this.findLabel(carrier, order.order_no, parcel_no);
      try {
        const label = await carrier.call('POST', '/labels', { body, key: step, order: order.order_no, find });
        for (const name of suspects) this.#giveBack(order.order_no, parcel_no, name);
        return this.journal.record(step, { ...label, carrier: carrier.name });
      } catch (error) {
        // `already_done`: by an attempt whose reply was lost; any other refusal sells nothing
        if (error instanceof Unclear || error.code === 'already_done') suspects.push(carrier.name);
        else if (!(error instanceof Rejected)) throw error;
      }
    }
    throw new NotYet(`no carrier sells a label for ${parcel_no}`);
  }

  async offers({ order_no, customer }, parcel_no, count) {
    const asked = { order_no, parcel_no, units: count, country: customer.country };
    const replies = await Promise.allSettled(
      this.carriers.map(async (carrier) => (await carrier.get('/rates', asked)).rates.map((r) => ({ ...r, carrier }))),
    );
    return replies.flatMap((r) => r.value ?? []).sort((a, b) => a.price - b.price);
  }

  /** After a crash: a carrier that cannot be asked may have sold one, so nothing is bought before all have answered. */
  async boughtBefore(no, parcel_no) {
    const found = await Promise.all(this.carriers.map((carrier) => this.findLabel(carrier, no, parcel_no)));
    const [first, ...others] = found.flatMap((label, i) => (label ? [{ ...label, carrier: this.carriers[i].name }] : []));
    for (const label of others) this.#giveBack(no, parcel_no, label.carrier);
    return first;
  }

  async findLabel(carrier, order_no, parcel_no) {
    const label = await carrier.get(`/labels/${part(parcel_no)}`, { order_no });
    return label.id ? label : undefined;
  }

  #giveBack(no, parcel_no, carrier) {
    const body = { no, parcel_no, carrier };
    this.enqueue({ id: `void/${carrier}/${parcel_no}`, lane: `void/${parcel_no}`, kind: 'void', body });
  }

  async voidLabel({ no, parcel_no, carrier: name }) {
    const carrier = this.named(name);
    const label = await this.findLabel(carrier, no, parcel_no);
    if (!label) return;
    const body = { order_no: no, parcel_no };
    await this.step(`void/${label.id}`, carrier, 'POST', `/labels/${part(label.id)}/void`, body, { order: no });
  }

  // What carriers tell.

  async milestone({ order_no: no, parcel_no, stage }) {
    if (!['delivered', 'exception', 'return_to_sender'].includes(stage)) return; // the ERP wants to know how it ends
    if (!this.journal.result(`invoice/${parcel_no}`)) throw new NotYet(`${parcel_no} is not posted yet`);
    const path = `/parcels/${part(parcel_no)}/milestones`;
    const body = { order_no: no, milestone: stage };
    await this.step(`milestone/${parcel_no}/${stage}`, this.erp, 'POST', path, body, { order: no });
  }

  // Second thoughts.

  /** Labelled is too late: only we attach labels, in this order's own lane, so our books know it without a race. */
  async cancellation({ order_no: no }) {
    if (!this.journal.get(`taken/${no}`)) throw new NotYet(`order ${no} is not taken yet`);
    if (this.journal.get(`cancelled/${no}`)) return;
    const order = this.journal.get(`order/${no}`);
    const releases = this.journal.under(`release/${no}/`).map(([rest, release]) => [`${no}/${rest}`, release]);
    const late = releases.some(([, r]) => ['labelled', 'shipped'].includes(r.stage)) || !(await this.stopAll(no, releases));
    if (!late) {
      await this.step(`cancel/${no}`, this.erp, 'POST', `/sales-orders/${no}/cancellation`, { reason: 'shopper' }, { order: no });
      this.journal.set(`cancelled/${no}`, true);
    }
    const answer = { cancelled: !late, reason: late ? 'it is on its way already' : 'as wished' };
    await this.step(`answer/${no}`, this.named(order.channel), 'PUT', `/orders/${no}/cancellation`, answer, { order: no });
    if (!late) await this.refund(order, `${no}/cancel`, worth(order, order.lines), 'cancelled');
  }

  async stopAll(no, releases) {
    for (const [release_no, release] of releases) {
      if (release.stage !== 'accepted' && release.stage !== 'stopped') continue;
      const path = `/releases/${part(release_no)}/cancel`;
      const options = { order: no, final: ['too_late'] };
      const said = await this.step(`stop/${release_no}`, this.named(release.warehouse), 'POST', path, { order_no: no }, options);
      if (said.rejected) return false;
      if (release.stage === 'accepted') this.stock.freed(release.warehouse, release.lines);
      this.mark(release_no, release, 'stopped');
    }
    return true;
  }

  async returned({ order_no: no, wanted_back: { rma_no, lines } }) {
    const warehouse = this.journal.get(`invoiced/${no}`);
    if (!warehouse) throw new NotYet(`order ${no} is not invoiced yet`);
    const body = { order_no: no, rma_no, lines };
    const final = ['not_sold', 'over_returned', 'unknown_order'];
    const granted = await this.step(`authorise/${rma_no}`, this.erp, 'POST', '/returns', body, { order: no, final });
    const expected = { rma_no, order_no: no, lines };
    if (!granted.rejected)
      await this.step(`expect/${rma_no}`, this.named(warehouse), 'POST', '/returns', expected, { order: no });
    const answer = { warehouse: granted.rejected ? '' : warehouse };
    const channel = this.named(this.journal.get(`order/${no}`).channel);
    await this.step(`answer/${rma_no}`, channel, 'PUT', `/orders/${no}/returns/${part(rma_no)}`, answer, { order: no });
  }

  async received({ rma_no, order_no: no, lines, warehouse }, id) {
    if (!rma_no) return this.exception(`unannounced/${id}`, no, 'customer_service', `goods came back to ${warehouse}`);
    const posted_at = this.journal.get(`posted/${rma_no}`) ?? clock.now; // a repeat under the same key says the same
    this.journal.set(`posted/${rma_no}`, posted_at);
    const body = { order_no: no, rma_no, lines, posted_at };
    const { amount } = await this.step(`credit/${rma_no}`, this.erp, 'POST', '/credit-memos', body, { order: no });
    return this.refund(this.journal.get(`order/${no}`), rma_no, amount, 'returned');
  }

  // Money and words.

  refund({ order_no: no, channel }, refund_no, amount, reason) {
    const body = { refund_no, amount, reason };
    const find = async () => {
      const { refunds } = await this.named(channel).get(`/orders/${no}`);
      return refunds.includes(refund_no) ? { id: refund_no, amount } : undefined;
    };
    return this.step(`refund/${refund_no}`, this.named(channel), 'POST', `/orders/${no}/refunds`, body, { order: no, find });
  }

  tell(no, audience, subject, about) {
    const body = { message_no: `${no}/${subject}/${about}`, order_no: no, audience, subject };
    return this.step(`told/${body.message_no}`, this.desk, 'POST', '/messages', body, { order: no });
  }

  exception(case_no, no, team, reason) {
    const body = { case_no, order_no: no, team, reason };
    return this.step(`case/${case_no}`, this.erp, 'POST', '/exceptions', body, { order: no });
  }
}

function worth(order, lines) {
  const price = new Map(order.lines.map((l) => [l.sku, l.unit_price]));
  return lines.reduce((sum, { sku, quantity }) => sum + quantity * price.get(sku), 0);
}
