// A partner as it is called: sign-in, timeouts, retries, and three kinds of endings that must not be mixed up.

const TIMEOUT = Number(process.env.CALL_TIMEOUT_MS ?? 2000);
const ATTEMPTS = 4;
const BACKOFF = 200; // ms before the second attempt; doubles, with jitter
const LONGEST_WAIT = 30_000; // what a Retry-After may ask of us; beyond it, it is not believed
const AT_ONCE = 12; // calls in flight to one partner

/** The partner said no, and why: nothing was done, and asking again as before gets the same answer. */
export class Rejected extends Error {
  constructor(partner, operation, status, { code = '', message = '', pointer = '' } = {}) {
    super(`${partner} rejected ${operation}: ${status} ${code} ${message}`);
    Object.assign(this, { status, code, pointer });
  }
}

/** Nobody knows whether the partner did it: a timeout, a reset, a 5xx, a reply that cannot be read. */
export class Unclear extends Error {}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const jittered = (ms) => ms * (0.5 + Math.random());

/** The business clock, as the partners' replies tell it. */
export const clock = {
  now: 0,
  hear(headers) {
    const told = Number(headers.get('x-business-time'));
    if (told > this.now) this.now = told;
  },
};

export class Partner {
  #token;
  #signingIn = null;
  #inFlight = 0;
  #queue = [];

  constructor({ name, kind, role, url, token, webhook_secret: secret }) {
    Object.assign(this, { name, kind, role, url, secret });
    this.#token = token;
  }

  get(path, query = {}) {
    const asked = new URLSearchParams(query).toString();
    return this.call('GET', asked ? `${path}?${asked}` : path);
  }

  /**
   * Call until there is an answer. `key` is sent with every attempt. `find` looks whether the document is there; it is
   * asked after every unclear end, because a partner that remembers no keys would do the work a second time.
   */
  async call(method, path, { body, key, order, find } = {}) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(method, path, body, key, order);
      } catch (error) {
        const again = error instanceof Unclear || error.status === 429;
        if (!again || attempt === ATTEMPTS) throw error;
        const longer = jittered(BACKOFF * 2 ** (attempt - 1));
        await pause(Math.max(longer, error.wait ?? 0));
        if (find && error instanceof Unclear) {
          const found = await find();
          if (found !== undefined) return found;
        }
      }
    }
  }

  async #once(method, path, body, key, order) {
    const reply = await this.#send(method, path, body, key, order);
    if (reply.status !== 401 || !this.#token) return this.#understood(reply, method, path);
    await this.#signIn(this.#token); // the token ran out: this attempt was no attempt
    return this.#understood(await this.#send(method, path, body, key, order), method, path);
  }

  async #send(method, path, body, key, order) {
    const headers = { accept: 'application/json' };
    const sent = { method, headers, signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' };
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    if (key) headers['idempotency-key'] = key;
    if (order) headers['x-correlation-id'] = order;
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      sent.body = JSON.stringify(body);
    }
    await this.#turn();
    try {
      const reply = await fetch(this.url + path, sent);
      clock.hear(reply.headers);
      return { status: reply.status, text: await reply.text(), after: reply.headers.get('retry-after') };
    } catch (error) {
      throw new Unclear(`${this.name} ${method} ${path}: ${error.cause?.code ?? error.name}`);
    } finally {
      this.#inFlight--;
      this.#queue.shift()?.();
    }
  }

  /** What a reply says. A 200 with an error page in it says nothing: it is unclear, not "no orders". */
  #understood({ status, text, after }, method, path) {
    const document = parsed(text);
    if (status >= 200 && status < 300 && document) return document;
    if (status >= 400 && status < 500 && status !== 408) {
      const rejected = new Rejected(this.name, `${method} ${path}`, status, document?.error);
      throw Object.assign(rejected, { wait: status === 429 ? sensible(after) : 0 });
    }
    const unclear = new Unclear(`${this.name} ${method} ${path}: ${status} ${text.slice(0, 80)}`);
    throw Object.assign(unclear, { wait: sensible(after) });
  }

  /** Get a new token, once for all calls that found the old one expired. */
  #signIn(expired) {
    if (this.#token !== expired) return undefined; // another call was faster
    this.#signingIn ??= this.#send('POST', '/sign-in', {})
      .then((reply) => {
        this.#token = this.#understood(reply, 'POST', '/sign-in').token;
      })
      .finally(() => {
        this.#signingIn = null;
      });
    return this.#signingIn;
  }

  async #turn() {
    if (this.#inFlight >= AT_ONCE) await new Promise((resolve) => this.#queue.push(resolve));
    this.#inFlight++;
  }
}

function parsed(text) {
  try {
    const document = JSON.parse(text);
    return document !== null && typeof document === 'object' ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds that a Retry-After asks for, as seconds or as a date, if that is a wait that anybody would mean. */
function sensible(after) {
  if (!after) return 0;
  const wait = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return wait > 0 && wait <= LONGEST_WAIT ? wait : 0;
}
