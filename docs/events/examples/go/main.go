// Reads the events of a durable consumer: go run .
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	if err := read(); err != nil {
		log.Fatal(err)
	}
}

func read() error {
	user := os.Getenv("NATS_USER")
	connection, err := nats.Connect(os.Getenv("NATS_URL"),
		nats.UserInfo(user, os.Getenv("NATS_PASSWORD")),
		// The consumer's user hears the subjects of this prefix and no others.
		nats.CustomInboxPrefix("_INBOX_"+user))
	if err != nil {
		return err
	}
	defer connection.Close()
	streams, err := jetstream.NewWithAPIPrefix(connection, "LOG.API")
	if err != nil {
		return err
	}
	// The durable consumer has the name of its user. It exists already: the user may not create one.
	consumer, err := streams.Consumer(context.Background(), os.Getenv("NATS_STREAM"), user)
	if err != nil {
		return err
	}
	messages, err := consumer.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		message, err := messages.Next()
		if err != nil {
			return err
		}
		var found event.Event
		if err := json.Unmarshal(message.Data(), &found); err != nil {
			return err
		}
		fmt.Println(found.Extensions()["sequence"], found.Type(), found.Subject())
		// An event that is not acknowledged within 30 seconds comes again.
		if err := message.Ack(); err != nil {
			return err
		}
	}
}
