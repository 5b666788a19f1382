// What can be sold: snapshots of the warehouses, kept up with their events, told to the channels.

export class Stock {
  #levels = new Map(); // warehouse -> Map of SKU -> units that no release holds
  #sequence = new Map(); // warehouse -> last movement that the levels include
  #captured = new Map(); // order -> lines of it that no release holds yet
  #told = new Map(); // channel -> Map of SKU -> quantity last told
  #lastSubmission = 0;

  constructor(warehouses, channels) {
    Object.assign(this, { warehouses, channels });
  }

  /** Count anew. The events in between are hints; this is what they are checked against. */
  async count(warehouse) {
    const levels = new Map();
    let page;
    do {
      page = await warehouse.get('/stock', { cursor: page?.cursor ?? '' });
      for (const { sku, on_hand, allocated } of page.levels) levels.set(sku, on_hand - allocated);
    } while (page.cursor);
    if (page.sequence < (this.#sequence.get(warehouse.name) ?? 0)) return; // events overtook it
    this.#levels.set(warehouse.name, levels);
    this.#sequence.set(warehouse.name, page.sequence);
  }

  /** A parcel that left was taken off when it was released; every other movement changes what can be sold. */
  adjusted({ warehouse, sequence, moves, reason }) {
    if (sequence <= (this.#sequence.get(warehouse) ?? 0)) return;
    this.#sequence.set(warehouse, sequence);
    if (reason !== 'shipped') this.#add(warehouse, moves, 1);
  }

  captured(order, lines) {
    this.#captured.set(order, lines);
  }

  settled(order) {
    this.#captured.delete(order);
  }

  held(warehouse, lines) {
    this.#add(warehouse, lines, -1);
  }

  freed(warehouse, lines) {
    this.#add(warehouse, lines, 1);
  }

  /** The warehouse with the most units left of those that can ship all lines; undefined: none can. */
  best(lines, except = []) {
    const spare = (name) => Math.min(...lines.map((l) => (this.#levels.get(name)?.get(l.sku) ?? 0) - l.quantity));
    const able = this.warehouses.map((w) => w.name).filter((name) => !except.includes(name) && spare(name) >= 0);
    return able.sort((a, b) => spare(b) - spare(a))[0];
  }

  /** Tell every channel what changed. Each may sell an equal share, so that no unit is sold by two. */
  async tell() {
    const free = new Map();
    for (const levels of this.#levels.values())
      for (const [sku, units] of levels) free.set(sku, (free.get(sku) ?? 0) + units);
    for (const lines of this.#captured.values())
      for (const { sku, quantity } of lines) free.set(sku, (free.get(sku) ?? 0) - quantity);
    const share = [...free].map(([sku, units]) => [sku, Math.max(0, Math.floor(units / this.channels.length))]);
    await Promise.all(this.channels.map((channel) => this.#submit(channel, share)));
  }

  async #submit(channel, share) {
    const told = this.#told.get(channel.name) ?? new Map();
    const news = share.filter(([sku, quantity]) => told.get(sku) !== quantity);
    this.#told.set(channel.name, told);
    for (let first = 0; first < news.length; first += 500) {
      const part = news.slice(first, first + 500);
      const updates = part.map(([sku, quantity]) => ({ sku, quantity }));
      // The wall clock rises over restarts as well, which a counter in memory would not.
      this.#lastSubmission = Math.max(this.#lastSubmission + 1, Date.now());
      const body = { sequence: this.#lastSubmission, updates };
      await channel.call('POST', '/listings', { body, key: `listings/${this.#lastSubmission}` });
      for (const [sku, quantity] of part) told.set(sku, quantity); // only now: a failed one is told again
    }
  }

  #add(warehouse, lines, sign) {
    const levels = this.#levels.get(warehouse);
    for (const { sku, quantity } of lines) levels?.set(sku, (levels.get(sku) ?? 0) + sign * quantity);
  }
}
