// Loaded before every Node client: ends the process when anything, a library included, tries to reach another machine.
"use strict";
const net = require("node:net");

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function guarded(...given) {
  const [options] = Array.isArray(given[0]) ? given[0] : given;
  const host = typeof options === "object" ? options.host : given[1];
  if (host !== undefined && !["localhost", "127.0.0.1", "::1"].includes(host)) {
    process.stderr.write(`a client tried to reach ${host}; these tests reach nothing beyond loopback\n`);
    process.exit(97);
  }
  return connect.apply(this, given);
};
