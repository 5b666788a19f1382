"use strict";
// Everything that partners, scenarios and shoppers wrote reaches the page as text, never as markup.
const byId = (id) => document.getElementById(id);
const token = new URLSearchParams(location.search).get("token") || "";
const number = new Intl.NumberFormat("en-GB");
const decimal = (value, digits) => value.toLocaleString("en-GB", { maximumFractionDigits: digits });
const words = (name) => name.replaceAll("_", " ");
const counted = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;

function make(tag, className = "", text = null) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== null) node.textContent = text;
  return node;
}
function put(node, text) { if (node.textContent !== text) node.textContent = text; }
function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor(whole % 3600 / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor(whole % 86400 / 3600)} h`;
}
async function ask(method, path, body) {
  const headers = { "x-seatrial-token": token };
  if (body !== undefined) headers["content-type"] = "application/json";
  let reply;
  try {
    reply = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch { throw new Error("Nobody answers: has the world been stopped?"); }
  const said = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) throw new Error(said && said.error ? said.error.message : `status ${reply.status}`);
  return said;
}
function say(text) { put(byId("said"), ""); put(byId("said"), text); }
async function attempt(work) { try { return await work(); } catch (error) { say(error.message); return null; } }

/* orders on their way */
const STAGES = [["placed", "placed"], ["acknowledged", "acknowledged"], ["entered", "in the ERP"], ["allocated", "allocated"],
  ["shipped", "shipped"], ["confirmed", "confirmed"], ["invoiced", "invoiced"]];
const steps = STAGES.map(([name, label]) => {
  const item = make("li"), track = make("span", "track"), bar = make("i");
  const figure = make("span", "number", "–"), behind = make("span", "behind");
  track.append(bar);
  item.append(make("span", "label", label), figure, track, behind);
  byId("flow").append(item);
  return { name, figure, bar, behind };
});
function showFlow(flow) {
  let before = flow.placed;
  for (const step of steps) {
    const count = flow[step.name], missing = Math.max(0, before - count);
    put(step.figure, number.format(count));
    step.bar.style.width = `${flow.placed ? Math.min(100, 100 * count / flow.placed) : 0}%`;
    const first = step.name === "placed";
    put(step.behind, first ? (flow.cancelled ? `${number.format(flow.cancelled)} cancelled` : "") : missing ? `${number.format(missing)} to go` : "");
    step.behind.classList.toggle("some", !first && missing > 0);
    before = count;
  }
}

/* what needs somebody: each card says how many, and in a few words what */
const sum = (table) => Object.values(table).reduce((total, each) => total + each, 0);
const listed = (table) => Object.entries(table).map(([name, count]) => `${number.format(count)} ${words(name)}`).join(", ");
const documents = (table) => Object.entries(table).map(([name, count]) => counted(count, words(name))).join(", ");
const CARDS = [
  { id: "waiting", title: "Waiting for allocation", unit: ["order", "orders"], tone: "some",
    read: (s) => s.waiting.orders,
    say: (s) => [s.waiting.orders ? `the oldest for ${duration(s.waiting.oldest)}` : "every order is with a warehouse", s.waiting.backordered ? `${number.format(s.waiting.backordered)} more on back-order` : ""] },
  { id: "shipments", title: "Shipments missing milestones", unit: ["", ""], tone: "some",
    read: (s) => s.shipments.silent + s.shipments.untold + s.shipments.unrecorded,
    say: (s) => [s.shipments.silent ? `${number.format(s.shipments.silent)} silent` : "", s.shipments.untold ? `${number.format(s.shipments.untold)} not taken by the integration` : "", s.shipments.unrecorded ? `${number.format(s.shipments.unrecorded)} ends not in the ERP` : "", `${counted(s.shipments.on_road, "parcel")} on the road`] },
  { id: "returns", title: "Returns not posted", unit: ["", ""], tone: "some",
    read: (s) => s.returns.unposted,
    say: (s) => [s.returns.unposted ? `received ${duration(s.returns.oldest)} ago, no credit yet` : "", `${number.format(s.returns.under_way)} on their way back`] },
  { id: "listings", title: "Listings over their limit", unit: ["", ""], tone: "bad",
    read: (s) => s.stock.listings_overdue,
    say: (s) => [s.stock.listings_wrong ? `${counted(s.stock.listings_wrong, "listing offers", "listings offer")} more than there is, by ${counted(s.stock.listing, "unit")}; the oldest for ${duration(s.stock.oldest)}` : "no channel offers more than there is"] },
  { id: "drift", title: "Inventory drift", unit: ["unit", "units"], tone: "some",
    read: (s) => s.stock.erp + s.stock.listing,
    say: (s) => [`${number.format(s.stock.erp)} in the ERP's book, ${number.format(s.stock.listing)} on listings`, s.stock.unnoticed ? `${number.format(s.stock.unnoticed)} gone from shelves unnoticed` : ""] },
  { id: "exceptions", title: "Open exceptions", unit: ["case", "cases"], tone: "some",
    read: (s) => sum(s.exceptions),
    say: (s) => [listed(s.exceptions) || "nobody has to step in"] },
  { id: "duplicates", title: "Duplicates", unit: ["", ""], tone: "bad",
    read: (s) => sum(s.duplicates),
    say: (s) => [documents(s.duplicates) || "every document lives once"] },
  { id: "webhooks", title: "Webhooks to be retried", unit: ["", ""], tone: "some",
    read: (s) => s.webhooks.retrying,
    say: (s) => [s.webhooks.disabled.length ? `subscription off: ${s.webhooks.disabled.join(", ")}` : "every subscription is active", s.webhooks.lost ? `${number.format(s.webhooks.lost)} lost` : ""] },
  { id: "told", title: "Messages given up", unit: ["", ""], tone: "bad",
    read: (s) => s.told.dead_letters + s.told.dropped,
    say: (s) => [s.told.dead_letters ? counted(s.told.dead_letters, "dead letter") : "", s.told.dropped ? `${number.format(s.told.dropped)} dropped` : "", s.told.retries ? counted(s.told.retries, "retry", "retries") : "", s.told.replayed ? `${number.format(s.told.replayed)} replayed` : "", s.told.crashes ? counted(s.told.crashes, "crash", "crashes") : "", sum(s.told) ? "" : "the integration reports no trouble"] },
];
const SVG = "http://www.w3.org/2000/svg";
const trends = {};
for (const card of CARDS) {
  const box = make("article", "card"), figure = make("p");
  card.box = box; card.number = make("span", "number", "–"); card.unitBox = make("span", "unit");
  card.words = make("p", "words");
  figure.append(card.number, card.unitBox);
  const spark = document.createElementNS(SVG, "svg");
  spark.setAttribute("class", "spark"); spark.setAttribute("viewBox", "0 0 180 34"); spark.setAttribute("preserveAspectRatio", "none"); spark.setAttribute("aria-hidden", "true");
  card.area = document.createElementNS(SVG, "path"); card.area.setAttribute("class", "area");
  card.line = document.createElementNS(SVG, "path"); card.line.setAttribute("class", "line");
  spark.append(card.area, card.line);
  box.append(make("h3", "", card.title), figure, card.words, spark);
  byId("cards").append(box);
}
function draw(card) {
  const points = trends[card.id] || [];
  if (points.length < 2) return;
  const top = Math.max(...points, 1), step = 180 / (points.length - 1);
  const line = points.map((value, place) => `${(place * step).toFixed(1)} ${(31 - 27 * value / top).toFixed(1)}`).join("L");
  card.line.setAttribute("d", `M${line}`);
  card.area.setAttribute("d", `M${line}L180 34L0 34Z`);
}
function showCards(state) {
  for (const card of CARDS) {
    const value = card.read(state);
    put(card.number, number.format(value));
    put(card.unitBox, ` ${card.unit[value === 1 ? 0 : 1]}`);
    put(card.words, card.say(state).filter(Boolean).join(" · "));
    card.box.className = `card ${value ? card.tone : ""}`;
    const line = trends[card.id] ||= [];
    line.push(value);
    if (line.length > 180) line.shift();
    draw(card);
  }
}

/* partners */
const rows = new Map();
function partnerRow(partner) {
  const row = make("tr"), head = make("th", "", partner.name);
  head.scope = "row";
  head.append(make("span", "note", partner.kind === partner.name ? "" : partner.kind));
  const cells = ["calls/s", "failed", "p95", "webhooks"].map((label) => { const cell = make("td", "value"); cell.dataset.label = label; return cell; });
  const state = make("td");
  row.append(head, ...cells, state);
  byId("partners").append(row);
  byId("only-partner").append(new Option(partner.name, partner.name));
  if (partner.role === "channel") byId("channel").append(new Option(partner.name, partner.name));
  return { cells, state };
}
function stateOf(partner) {
  if (partner.breaker === "told") return ["✗ breaker open, says the integration", "bad-trouble"];
  if (partner.breaker === "likely") return [`✗ left alone for ${duration(partner.quiet)} after ${counted(partner.failures, "failure")}`, "bad-trouble"];
  if (partner.subscription === "disabled") return ["✗ webhooks switched off", "bad-trouble"];
  if (partner.failures > 1) return [`▲ ${number.format(partner.failures)} failures in a row`, "some-trouble"];
  if (partner.quiet < 0) return ["not called yet", "idle"];
  if (partner.quiet > 30) return [`quiet for ${duration(partner.quiet)}`, "idle"];
  return ["✓ trading", "good"];
}
function showPartners(partners) {
  for (const partner of partners) {
    if (!rows.has(partner.name)) rows.set(partner.name, partnerRow(partner));
    const { cells: [rate, errors, p95, waiting], state } = rows.get(partner.name);
    put(rate, partner.rate ? decimal(partner.rate, partner.rate < 10 ? 1 : 0) || "0" : "–");
    put(errors, partner.rate ? `${decimal(100 * partner.errors, 1)} %` : "–");
    errors.className = `value ${!partner.rate ? "idle" : partner.errors >= .2 ? "bad-trouble" : partner.errors > 0 ? "some-trouble" : ""}`;
    put(p95, partner.p95 ? `${decimal(partner.p95, partner.p95 < 10 ? 1 : 0)} ms` : "–");
    put(waiting, partner.subscription ? number.format(partner.retrying) : "–");
    for (const cell of [rate, p95]) cell.classList.toggle("idle", !partner.rate);
    waiting.classList.toggle("idle", !partner.retrying);
    const [text, tone] = stateOf(partner);
    put(state, text); state.className = tone;
  }
}

/* faults */
const armed = new Map();
const longest = new Map();
function armedRow(rule) {
  const item = make("li"), button = make("button", "", "Disarm"), burn = make("div", "burn"), flame = make("i");
  button.type = "button";
  button.setAttribute("aria-label", `Disarm ${rule.name}`);
  button.addEventListener("click", () => disarm(rule.name, button));
  const how = make("span", "how");
  burn.append(flame);
  item.append(make("span", "name", rule.name), how, button, burn);
  byId("armed").append(item);
  return { item, how, burn, flame };
}
async function disarm(name, button) {
  button.disabled = true;
  await attempt(async () => {
    await ask("DELETE", `/api/rules/${encodeURIComponent(name)}`);
    say(`${name} is disarmed.`);
    byId("armed-title").focus();
    await refreshRules();
  });
  button.disabled = false;
}
let second = 0;
function windowOf(rule) {
  if (rule.opens > second) return `opens in ${duration(rule.opens - second)}`;
  if (rule.closes === null) return "";
  return rule.closes > second ? `closes in ${duration(rule.closes - second)}` : "its window is over";
}
async function refreshRules() { showRules((await ask("GET", "/api/rules")).rules); }
function showRules(rules) {
  const names = new Set(rules.map((rule) => rule.name));
  for (const [name, row] of armed) if (!names.has(name)) { row.item.remove(); armed.delete(name); longest.delete(name); }
  for (const rule of rules) {
    if (!armed.has(rule.name)) armed.set(rule.name, armedRow(rule));
    const row = armed.get(rule.name);
    const settings = Object.entries(rule.parameters).map(([name, value]) => `${words(name)} ${value}`);
    const parts = [rule.name.startsWith(`${rule.fault}@`) ? "" : `${words(rule.fault)} at ${rule.at}`, rule.probability < 1 ? `${decimal(100 * rule.probability, 2)} % of them` : "", ...settings,
      windowOf(rule), rule.ttl === null ? "" : `${duration(rule.ttl)} left`, `struck ${number.format(rule.fired)} of ${number.format(rule.matched)}`];
    put(row.how, parts.filter(Boolean).join(" · "));
    row.burn.hidden = rule.ttl === null;
    if (rule.ttl !== null) {
      longest.set(rule.name, Math.max(longest.get(rule.name) || 0, rule.ttl));
      row.flame.style.width = `${100 * rule.ttl / (longest.get(rule.name) || 1)}%`;
    }
  }
  byId("armed-none").hidden = rules.length > 0;
  byId("disarm-all").hidden = rules.length < 2;
}
byId("disarm-all").addEventListener("click", () => attempt(async () => {
  const { disarmed } = await ask("DELETE", "/api/rules");
  say(`${counted(disarmed, "rule is", "rules are")} disarmed.`);
  byId("armed-title").focus();
  await refreshRules();
}));

const SORTS = { request: "Calls", webhook: "Webhooks", inside: "Inside a partner", dependency: "Database and broker" };
let offer = { faults: [], targets: {} };
const chosen = () => offer.faults.find((each) => each.name === byId("fault").value);
async function loadFaults() {
  offer = await ask("GET", "/api/faults");
  for (const [direction, label] of Object.entries(SORTS)) {
    const group = make("optgroup");
    group.label = label;
    for (const fault of offer.faults.filter((each) => each.direction === direction)) group.append(new Option(words(fault.name), fault.name));
    if (group.children.length) byId("fault").append(group);
  }
  if (offer.faults.some((each) => each.name === "latency")) byId("fault").value = "latency";
  showFault();
}
function showFault() {
  const fault = chosen(), at = byId("at");
  if (!fault) return;
  put(byId("summary"), fault.summary);
  const before = at.value, targets = offer.targets[fault.direction] || [];
  at.replaceChildren(...targets.map((target) => new Option(target.includes(".") ? `   ${target}` : `${target}, all of it`, target)));
  if (targets.includes(before)) at.value = before; else if (targets.includes("erp")) at.value = "erp";
  const box = byId("parameters");
  box.replaceChildren(box.firstElementChild, ...fault.parameters.map(parameterField));
  box.hidden = !fault.parameters.length;
}
function parameterField(parameter) {
  const field = make("p", "field"), label = make("label", "", words(parameter.name)), note = make("span", "note", parameter.doc);
  const choices = parameter.type === "yes or no" ? ["yes", "no"] : / or /.test(parameter.type) && !/duration|number|share|list/.test(parameter.type) ? parameter.type.split(" or ") : null;
  const input = choices ? make("select") : make("input");
  input.id = `with-${parameter.name}`; label.htmlFor = input.id;
  note.id = `${input.id}-note`; input.setAttribute("aria-describedby", note.id);
  input.dataset.name = parameter.name; input.dataset.type = parameter.type;
  if (choices) { input.append(...choices.map((each) => new Option(each, each))); input.value = parameter.default; input.dataset.before = parameter.default; }
  else { input.type = "text"; input.placeholder = parameter.default || parameter.type; input.required = parameter.required; input.autocomplete = "off"; }
  field.append(label, input, note);
  return field;
}
function parametersGiven() {
  const given = {};
  for (const input of byId("parameters").querySelectorAll("[data-name]")) {
    const text = input.value.trim();
    if (!text || text === input.dataset.before) continue;
    const type = input.dataset.type;
    given[input.dataset.name] = type === "yes or no" ? text === "yes" : /number/.test(type) && !Number.isNaN(Number(text)) ? Number(text) : /^list/.test(type) ? text.split(",").map((each) => each.trim()) : text;
  }
  return given;
}
byId("fault").addEventListener("change", showFault);
byId("arm").addEventListener("submit", async (event) => {
  event.preventDefault();
  const ttl = byId("ttl").value;
  const rule = { fault: byId("fault").value, at: byId("at").value, probability: `${byId("probability").value || "100"} %`, with: parametersGiven() };
  if (ttl) rule.ttl = Number(ttl);
  put(byId("arm-error"), "");
  try {
    const made = await ask("POST", "/api/rules", rule);
    say(`${made.name} is armed${ttl ? ` for ${duration(Number(ttl))}` : ""}.`);
    await refreshRules();
  } catch (error) { put(byId("arm-error"), error.message); }
});

/* recent calls */
function signOf(call) {
  if (call.outcome === "ok") return ["✓", "good"];
  return call.outcome === "rejected" && call.status < 500 ? ["▲", "some-trouble"] : ["✗", "bad-trouble"];
}
let calls = [], held = false, missed = 0, start = 0;
const timeOf = (second) => new Date(start + 1000 * second).toISOString().slice(11, 23);
function wanted(call) {
  const partner = byId("only-partner").value;
  return (!partner || call.partner === partner) && (!byId("only-trouble").checked || call.outcome !== "ok" || call.rule);
}
function callRow(call) {
  const [sign, tone] = signOf(call);
  const row = make("tr", call.rule ? "struck" : ""), outcome = make("td", `outcome ${tone}`);
  const glyph = make("span", "sign", sign);
  glyph.setAttribute("aria-hidden", "true");
  outcome.append(glyph, words(call.outcome));
  if (call.status && call.status !== 200) outcome.append(make("span", "status", ` ${call.status}`));
  row.append(make("td", "when", timeOf(call.time)), make("td", "who", call.partner), make("td", "operation", words(call.operation)), make("td", "key", call.key),
    make("td", "value attempt", String(call.attempt)), outcome, make("td", "value latency", `${decimal(call.latency, call.latency < 10 ? 1 : 0)} ms`), make("td", "rule", call.rule));
  return row;
}
const SHOWN = 40;
function addCalls(fresh) {
  const last = calls.length ? calls[0].number : 0;
  fresh = fresh.filter((call) => call.number > last).reverse();
  calls = [...fresh, ...calls].slice(0, 500);
  if (!held && fresh.length) {
    const body = byId("calls");
    body.prepend(...fresh.filter(wanted).slice(0, SHOWN).map(callRow));
    while (body.children.length > SHOWN) body.lastElementChild.remove();
  }
  if (held) { missed += fresh.length; put(byId("hold"), `Go on, ${number.format(missed)} new`); }
  byId("calls-none").hidden = calls.length > 0;
}
function listCalls() { byId("calls").replaceChildren(...calls.filter(wanted).slice(0, SHOWN).map(callRow)); }
byId("only-trouble").addEventListener("change", listCalls);
byId("only-partner").addEventListener("change", listCalls);
byId("hold").addEventListener("click", () => {
  held = !held;
  byId("hold").setAttribute("aria-pressed", String(held));
  missed = 0;
  put(byId("hold"), held ? "Go on" : "Hold the list");
  if (!held) listCalls();
});

/* the helm */
byId("freeze").addEventListener("click", () => attempt(async () => {
  const { frozen } = await ask("POST", byId("freeze").getAttribute("aria-pressed") === "true" ? "/api/thaw" : "/api/freeze");
  say(frozen ? "Business time stands still; partners still answer." : "Business time goes on.");
  showFrozen(frozen);
}));
byId("helm").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const channel = byId("channel").value, { order } = await ask("POST", "/api/orders", { channel });
    say(order ? `${order.customer.name} of ${order.customer.city} placed ${order.order_no} at ${channel}: ${counted(order.lines.reduce((all, line) => all + line.quantity, 0), "unit")}.` : `${channel} has nothing of it on offer.`);
  });
});
let isFrozen = false;
function showFrozen(frozen) {
  isFrozen = frozen;
  byId("freeze").setAttribute("aria-pressed", String(frozen));
  put(byId("freeze"), frozen ? "Let time go on" : "Freeze time");
  showLink();
}

/* the clock and the connection */
let connected = false, lastWord = 0, everHeard = false, ended = false, source = null;
function showLink() {
  byId("link").className = `chip ${ended ? "wait" : connected ? (isFrozen ? "still" : "on") : everHeard ? "off" : "wait"}`;
  put(byId("link-word"), ended ? "ended" : connected ? (isFrozen ? "frozen" : "live") : everHeard ? "connection lost" : "connecting");
  document.body.classList.toggle("lost", !connected && everHeard);
  byId("lost").hidden = connected || !everHeard;
}
function heard() { connected = everHeard = true; lastWord = Date.now(); showLink(); }
function over() {
  ended = true; connected = false;
  source.close();
  byId("lost").classList.add("over");
  put(byId("lost"), "It has ended; this is the last picture of it.");
  showLink();
}
function lost() {
  if (ended || (!connected && everHeard)) return;
  connected = false;
  put(byId("lost"), `Connection lost. What you see is from ${new Date(lastWord || Date.now()).toLocaleTimeString("en-GB")}; trying again.`);
  if (!everHeard) { everHeard = true; put(byId("lost"), "Nobody answers. Is the token in the address right, and is the world still up? Trying again."); }
  showLink();
}
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC" });
function showTime(time) {
  const wall = Date.parse(time.wall);
  start = wall - 1000 * time.now;
  put(byId("wall"), DATE.format(wall).replace(" at ", ", "));
  second = time.now;
  byId("wall").dateTime = time.wall;
  const scale = time.time_scale === 1 ? "" : `, ${decimal(time.time_scale, 2)} times as fast`;
  put(byId("since"), `· ${duration(time.now)} into the run${scale}${time.phase === "calm" ? ", calm phase" : ""}`);
  showFrozen(time.frozen);
}
function showState(state) {
  heard();
  put(byId("title"), state.title);
  showTime(state.time);
  showFlow(state.flow);
  showCards(state);
  showPartners(state.partners);
  showRules(state.rules);
  const open = CARDS.reduce((all, card) => all + (card.read(state) ? 1 : 0), 0);
  document.title = `${open ? `(${open}) ` : ""}${state.title} · Seatrial live`;
}
function connect() {
  if (source) source.close();
  source = new EventSource(`/api/events?token=${encodeURIComponent(token)}`);
  source.addEventListener("trends", (event) => Object.assign(trends, JSON.parse(event.data)));
  source.addEventListener("calls", (event) => addCalls(JSON.parse(event.data)));
  source.addEventListener("state", (event) => showState(JSON.parse(event.data)));
  source.addEventListener("end", over);
  source.addEventListener("error", () => { lost(); if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000); });
}
setInterval(() => { if (connected && Date.now() - lastWord > 6000) { lost(); connect(); } }, 1000);
showLink();
connect();
attempt(loadFaults);
