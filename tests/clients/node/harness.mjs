// What every Node client script shares: what it is given, and how it tells what it saw.
import { readFileSync } from "node:fs";

/** The test's orders, from standard input: where the simulator is, the credentials, which orders to use. */
export const given = () => JSON.parse(readFileSync(0, "utf8"));

/** Hand back what was seen, as the last line of standard output; whatever a library prints stands above it. */
export const tell = (seen) => process.stdout.write(`\n${JSON.stringify(seen)}\n`);

/** Send what a library with a fixed host asks of `hosts` to the simulator instead, all else unchanged. */
export function redirect(hosts, baseUrl) {
  const send = globalThis.fetch;
  globalThis.fetch = (target, options) => {
    const url = new URL(target);
    return send(hosts.includes(url.origin) ? baseUrl + url.pathname + url.search : target, options);
  };
}
