// What must not be forgotten: one file of JSON lines, only ever appended to, read again at the start.
//
// A line is handed to the operating system before anybody acts on it, so a killed process loses nothing. Before a
// webhook is answered with 2xx the disk is asked as well, because after the 2xx nobody will send it again.
// The file is never compacted: a week of a small shop fits; a large one wants a database.

import { closeSync, existsSync, fdatasync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

export class Journal {
  #fd;
  #steps = new Map(); // step -> what came of it
  #begun = new Set(); // steps whose first attempt may have reached a partner
  #values = new Map(); // cursors and other facts
  #messages = new Map(); // id -> message that is not worked off yet
  #known = new Set(); // ids of all messages, worked off or not
  #waiting = []; // who waits for the next sync
  #syncing = false;

  constructor(path) {
    const whole = existsSync(path) ? this.#replay(readFileSync(path)) : 0;
    this.#fd = openSync(path, 'a');
    ftruncateSync(this.#fd, whole); // a line that was cut off in the middle never happened
  }

  /** Messages that were taken and not worked off before the process ended. */
  unfinished() {
    return [...this.#messages.values()];
  }

  /** Take a message on; false where its number is known already. */
  take(message) {
    if (this.#known.has(message.id)) return false;
    this.#write({ take: message });
    return true;
  }

  finish(id) {
    this.#write({ finish: id });
  }

  /** Say, before the first attempt, that a step may happen; after a crash it is looked up before it is repeated. */
  begin(step) {
    if (!this.#begun.has(step)) this.#write({ begin: step });
  }

  begun(step) {
    return this.#begun.has(step);
  }

  record(step, result) {
    this.#write({ step, result });
    return result;
  }

  result(step) {
    return this.#steps.get(step);
  }

  set(name, value) {
    this.#write({ set: name, value });
    return value;
  }

  get(name) {
    return this.#values.get(name);
  }

  /** All facts whose name begins so, as [rest of the name, value]. */
  under(prefix) {
    return [...this.#values].filter(([n]) => n.startsWith(prefix)).map(([n, v]) => [n.slice(prefix.length), v]);
  }

  /** Until everything written so far is on the disk. Those who ask at the same time share one sync. */
  synced() {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (!this.#syncing) this.#sync();
    });
  }

  close() {
    closeSync(this.#fd);
  }

  #sync() {
    const served = this.#waiting.splice(0);
    this.#syncing = true;
    fdatasync(this.#fd, (error) => {
      this.#syncing = false;
      for (const { resolve, reject } of served) error ? reject(error) : resolve();
      if (this.#waiting.length) this.#sync();
    });
  }

  #write(line) {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`);
    this.#apply(line);
  }

  #apply(line) {
    if (line.take) {
      this.#known.add(line.take.id);
      this.#messages.set(line.take.id, line.take);
    } else if (line.finish !== undefined) this.#messages.delete(line.finish);
    else if (line.begin !== undefined) this.#begun.add(line.begin);
    else if (line.step !== undefined) this.#steps.set(line.step, line.result);
    else if (line.set !== undefined) this.#values.set(line.set, line.value);
  }

  /** Read a journal; answers how many bytes of it are whole lines. */
  #replay(bytes) {
    const whole = bytes.lastIndexOf(0x0a) + 1;
    for (const line of bytes.subarray(0, whole).toString('utf8').split('\n')) if (line) this.#apply(JSON.parse(line));
    return whole;
  }
}
