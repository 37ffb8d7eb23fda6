//! Mayfly in a container, for a test run.

import { GenericContainer, Wait } from "testcontainers";

const HTTP_PORT = 8080;
const SMTP_PORT = 2525;

/** Starts a container; `make up` of Mayfly's repository builds the image. */
export async function startMayfly(image = "mayfly:local") {
  const container = await new GenericContainer(image)
    .withExposedPorts(HTTP_PORT, SMTP_PORT)
    // Tests are no programs of the container's machine, which would have no limit.
    .withEnvironment({ MAYFLY_GATEWAY__RATE_LIMIT: "0" })
    .withWaitStrategy(Wait.forHttp("/api/domains", HTTP_PORT))
    .start();
  const host = container.getHost();
  return {
    server: `http://${host}:${container.getMappedPort(HTTP_PORT)}`,
    smtpUrl: `smtp://${host}:${container.getMappedPort(SMTP_PORT)}`,
    stop: () => container.stop(),
  };
}
