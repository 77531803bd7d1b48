import io.cloudevents.CloudEvent;
import io.cloudevents.jackson.JsonFormat;
import io.nats.client.Connection;
import io.nats.client.JetStreamOptions;
import io.nats.client.JetStreamSubscription;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.PullSubscribeOptions;
import java.time.Duration;

/** Reads the events of a durable consumer: {@code mvn compile exec:java}. */
public final class ReadEvents {
    private ReadEvents() {}

    public static void main(String[] arguments) throws Exception {
        String user = System.getenv("NATS_USER");
        Options options = Options.builder()
            .server(System.getenv("NATS_URL"))
            .userInfo(user, System.getenv("NATS_PASSWORD"))
            // The consumer's user hears the subjects of this prefix and no others.
            .inboxPrefix("_INBOX_" + user)
            .build();
        JsonFormat format = new JsonFormat();
        try (Connection connection = Nats.connect(options)) {
            JetStreamOptions log = JetStreamOptions.builder().prefix("LOG.API").build();
            // The durable consumer has the name of its user. It exists already: the user may not create one, nor ask for
            // the stream, which this way of binding does not do.
            PullSubscribeOptions durable = PullSubscribeOptions.fastBind(System.getenv("NATS_STREAM"), user);
            JetStreamSubscription events = connection.jetStream(log).subscribe(null, durable);
            while (true) {
                for (Message message : events.fetch(100, Duration.ofSeconds(1))) {
                    CloudEvent event = format.deserialize(message.getData());
                    String subject = event.getSubject() == null ? "" : event.getSubject();
                    System.out.println(event.getExtension("sequence") + " " + event.getType() + " " + subject);
                    // An event that is not acknowledged within 30 seconds comes again.
                    message.ack();
                }
            }
        }
    }
}
