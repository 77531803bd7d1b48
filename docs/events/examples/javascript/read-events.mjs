// Reads the events of a durable consumer: npm ci && node read-events.mjs
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { HTTP } from "cloudevents";

const { NATS_URL, NATS_USER, NATS_PASSWORD, NATS_STREAM } = process.env;

const connection = await connect({
  servers: NATS_URL,
  user: NATS_USER,
  pass: NATS_PASSWORD,
  // The consumer's user hears these subjects and no others.
  inboxPrefix: `_INBOX_${NATS_USER}`,
});
// The durable consumer has the name of its user. It exists already: the user may not create one.
const log = jetstream(connection, { apiPrefix: "LOG.API" });
const consumer = await log.consumers.get(NATS_STREAM, NATS_USER);

for await (const message of await consumer.consume()) {
  const event = HTTP.toEvent({
    headers: { "content-type": "application/cloudevents+json" },
    body: message.string(),
  });
  console.log(event.sequence, event.type, event.subject ?? "");
  // An event that is not acknowledged within 30 seconds comes again.
  message.ack();
}
