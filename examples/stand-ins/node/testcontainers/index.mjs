import assert from "node:assert/strict";

const { port: http } = new URL(process.env.MAYFLY_SERVER);
const { port: smtp } = new URL(process.env.SMTP_URL);
const PORTS = new Map([[8080, http], [2525, smtp]]);

export const Wait = { forHttp: (path, port) => ({ path, port }) };

export class GenericContainer {
  constructor(image) {
    assert.equal(image, "mayfly:local");
  }

  withExposedPorts(...ports) {
    assert.deepEqual(ports, [...PORTS.keys()]);
    return this;
  }

  withEnvironment(env) {
    assert.ok(Object.keys(env).every((name) => name.startsWith("MAYFLY_")));
    return this;
  }

  withWaitStrategy({ path, port }) {
    this.probe = `http://127.0.0.1:${PORTS.get(port)}${path}`;
    return this;
  }

  async start() {
    assert.ok((await fetch(this.probe)).ok);
    return { getHost: () => "127.0.0.1", getMappedPort: (port) => Number(PORTS.get(port)), stop: async () => {} };
  }
}
