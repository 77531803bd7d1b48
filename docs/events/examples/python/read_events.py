"""Reads the events of a durable consumer: pip install -r requirements.txt && python read_events.py"""

import asyncio
import os

import nats
from cloudevents.core.formats.json import JSONFormat

USER = os.environ["NATS_USER"]


async def main() -> None:
    client = await nats.connect(
        os.environ["NATS_URL"], user=USER, password=os.environ["NATS_PASSWORD"],
        # The consumer's user hears the subjects of this prefix and no others.
        inbox_prefix=f"_INBOX_{USER}")
    # The durable consumer has the name of its user. It exists already: the user may not create one.
    log = client.jetstream(prefix="LOG.API")
    consumer = await log.pull_subscribe_bind(USER, os.environ["NATS_STREAM"])
    while True:
        try:
            messages = await consumer.fetch(100, timeout=30)
        except nats.errors.TimeoutError:
            continue
        for message in messages:
            event = JSONFormat().read(None, message.data)
            print(event.get_extension("sequence"), event.get_type(), event.get_subject() or "", flush=True)
            # An event that is not acknowledged within 30 seconds comes again.
            await message.ack()


asyncio.run(main())
