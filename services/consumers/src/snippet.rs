//! A program that reads the events of a consumer.

use crate::Credentials;

/// A program in Python with nats-py, complete with the login.
pub(crate) fn python(credentials: &Credentials) -> String {
    let Credentials { url, user, password, inbox, api_prefix, stream, durable } = credentials;
    let password = password.expose();
    format!(
        r#"# pip install nats-py
import asyncio
import json

import nats


async def main():
    client = await nats.connect("{url}", user="{user}", password="{password}", inbox_prefix="{inbox}")
    events = await client.jetstream(prefix="{api_prefix}").pull_subscribe_bind("{durable}", "{stream}")
    while True:
        try:
            messages = await events.fetch(100, timeout=30)
        except nats.errors.TimeoutError:
            continue
        for message in messages:
            event = json.loads(message.data)
            print(event["sequence"], event["type"], event.get("subject", ""), flush=True)
            await message.ack()


asyncio.run(main())
"#
    )
}
