//! What happens on a connection whose client is known.

use std::collections::BTreeMap;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use feed::{Batch, Feed, FeedError};
use futures_util::stream::SelectAll;
use futures_util::{SinkExt, StreamExt};
use policy::Action;
use tokio::time::{Duration, Instant, sleep_until};

use super::ask::{Ask, Authenticate, Source, Subscribe, SubscriptionId};
use super::pace::Pace;
use super::said::{self, Said};
use super::socket::bearer;
use super::subscription::{Incoming, News, Subscription};
use crate::api::Admin;
use crate::api::history::{Seat, Viewer};
use crate::api::refusal::Refusal;
use crate::telemetry::{LogLine, Tick};

/// Subscriptions of a connection.
const SUBSCRIPTIONS_MAX: usize = 16;

/// Bytes of events that a connection holds, give or take one event.
const BATCH_BYTES_MAX: usize = 32 << 10;

/// How often a client is asked whether it is there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a client may say nothing, not even that it is there.
const SILENCE_TIME_MAX: Duration = Duration::from_mins(1);

/// Why a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client is gone.
    Gone,
    /// The client may not stay, and why.
    Refused(Refusal),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<axum::Error> for End {
    fn from(error: axum::Error) -> Self {
        tracing::debug!(%error, "a WebSocket has ended");
        Self::Gone
    }
}

/// A connection whose client is known. It holds one batch of one subscription at a time.
pub(super) struct Conversation<'a> {
    socket: &'a mut WebSocket,
    admin: Admin,
    feed: Feed,
    viewer: Viewer,
    _seat: Seat,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    incoming: SelectAll<Incoming>,
    /// When something was heard of the client last.
    heard: Instant,
    /// When the client has to be asked whether it is there.
    ping: Instant,
}

/// What happens next.
enum Turn {
    Heard(Option<Result<Message, axum::Error>>),
    News(SubscriptionId, News),
    Due,
    Stopping,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(socket: &'a mut WebSocket, admin: Admin, viewer: Viewer, seat: Seat) -> Self {
        let (feed, now) = (admin.0.feed.clone(), Instant::now());
        Self {
            socket,
            admin,
            feed,
            viewer,
            _seat: seat,
            subscriptions: BTreeMap::new(),
            incoming: SelectAll::new(),
            heard: now,
            ping: now + PING_INTERVAL,
        }
    }

    /// Goes on until it ends.
    pub(super) async fn run(mut self) -> End {
        match self.converse().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        self.say_who().await?;
        let feed = self.feed.clone();
        let mut stopping = std::pin::pin!(feed.ended());
        loop {
            let due = self.due();
            let turn = tokio::select! {
                message = self.socket.recv() => Turn::Heard(message),
                Some((id, news)) = self.incoming.next(), if !self.incoming.is_empty() => Turn::News(id, news),
                () = sleep_until(due) => Turn::Due,
                () = &mut stopping => Turn::Stopping,
            };
            let begun = Instant::now();
            match turn {
                Turn::Heard(Some(message)) => self.hear(message?).await?,
                Turn::Heard(None) => return Err(End::Gone),
                Turn::News(id, news) => self.tell(&id, news).await?,
                Turn::Due => self.catch_up().await?,
                Turn::Stopping => return Err(Refusal::from(FeedError::Ended).into()),
            }
            // Whoever read slowly what was sent is there, although nothing of theirs was listened to meanwhile.
            if begun.elapsed() >= PING_INTERVAL {
                self.heard = Instant::now();
            }
        }
    }

    /// When something has to be done, whatever happens.
    fn due(&self) -> Instant {
        let due = self.ping.min(self.heard + SILENCE_TIME_MAX);
        self.subscriptions.values().filter_map(Subscription::due).fold(due, Instant::min)
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(Refusal::invalid("every message is a text").into()),
            Message::Close(_) => return Err(End::Gone),
        };
        let (id, done) = match Ask::parse(&text) {
            Ok(Ask::Authenticate(ask)) => return self.authenticate(&ask).await,
            Ok(Ask::Subscribe(ask)) => (Some(ask.id.clone()), self.subscribe(ask).await?),
            Ok(Ask::Unsubscribe(ask)) => {
                let done = match self.subscriptions.remove(&ask.id) {
                    Some(_) => Ok(Said::Ended(None)),
                    None => Err(Refusal::not_found("there is no subscription of this id")),
                };
                (Some(ask.id), done)
            }
            Err(refusal) => (Ask::subscription_of(&text), Err(refusal)),
        };
        let said = done.unwrap_or_else(Said::Refused);
        self.say(id.as_ref(), &said).await
    }

    /// A token that is refused ends the connection: who held the former one need not be who sent this.
    async fn authenticate(&mut self, ask: &Authenticate) -> Result<(), End> {
        self.viewer.identify(bearer(&ask.token)?).await?;
        self.say_who().await
    }

    async fn say_who(&mut self) -> Result<(), End> {
        let (user, expires) = (self.viewer.name().to_string(), self.viewer.expires()?);
        self.say(None, &Said::Authenticated { user, expires }).await
    }

    async fn subscribe(&mut self, ask: Subscribe) -> Result<Result<Said, Refusal>, End> {
        self.viewer.renew()?;
        Ok(self.try_subscribe(ask).await)
    }

    async fn try_subscribe(&mut self, ask: Subscribe) -> Result<Said, Refusal> {
        if self.subscriptions.contains_key(&ask.id) {
            return Err(Refusal::conflict("there is a subscription of this id: end it first, or take another id"));
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(Refusal::too_many_subscriptions(SUBSCRIPTIONS_MAX));
        }
        match ask.source {
            Source::Events => self.subscribe_to_events(ask).await,
            Source::Telemetry => self.subscribe_to_ticks(ask),
            Source::Logs => self.subscribe_to_logs(ask),
        }
    }

    async fn subscribe_to_events(&mut self, ask: Subscribe) -> Result<Said, Refusal> {
        self.viewer.may_read()?;
        let (filter, per_second) = (ask.event_filter()?, ask.per_second()?);
        let (after, since) = match (ask.after, ask.since) {
            (Some(after), since) => (after, since),
            (None, Some(since)) => (0, Some(since)),
            (None, None) => (self.feed.last().await?, None),
        };
        let reader = self.feed.follow(self.feed.begin(after, since).await?).in_batches_of(BATCH_BYTES_MAX);
        let (position, now) = (reader.position(), Instant::now());
        let pace = per_second.map(|most| Pace::new(most, now));
        let (subscription, incoming) = Subscription::to_events(ask.id.clone(), reader, filter, pace, now);
        self.begin(ask.id, subscription, incoming);
        Ok(Said::Subscribed { sequence: Some(position) })
    }

    fn subscribe_to_ticks(&mut self, ask: Subscribe) -> Result<Said, Refusal> {
        self.viewer.may(Action::AdminGetTelemetry)?;
        ask.is_of_now()?;
        ask.is_unfiltered()?;
        let (subscription, incoming) = Subscription::to_ticks(ask.id.clone(), self.admin.0.telemetry.ticks());
        self.begin(ask.id, subscription, incoming);
        Ok(Said::Subscribed { sequence: None })
    }

    fn subscribe_to_logs(&mut self, ask: Subscribe) -> Result<Said, Refusal> {
        self.viewer.may(Action::AdminGetLogs)?;
        ask.is_of_now()?;
        let filter = ask.log_filter()?;
        let (_, lines) = self.admin.0.telemetry.follow_lines(&filter, 0);
        let (subscription, incoming) = Subscription::to_logs(ask.id.clone(), filter, lines);
        self.begin(ask.id, subscription, incoming);
        Ok(Said::Subscribed { sequence: None })
    }

    fn begin(&mut self, id: SubscriptionId, subscription: Subscription, incoming: Incoming) {
        self.subscriptions.insert(id, subscription);
        self.incoming.push(incoming);
    }

    async fn tell(&mut self, id: &SubscriptionId, news: News) -> Result<(), End> {
        // Something may come in for a subscription that has just ended.
        if !self.subscriptions.contains_key(id) {
            return Ok(());
        }
        match news {
            News::Batch(Ok(batch)) => self.tell_events(id, batch).await,
            News::Batch(Err(FeedError::Ended)) => Err(Refusal::from(FeedError::Ended).into()),
            News::Batch(Err(error)) => self.end(id, error.into()).await,
            News::Tick(tick) => self.tell_tick(id, &tick).await,
            News::Line(line) => self.tell_line(id, &line).await,
            News::Missed(count) => self.say(Some(id), &Said::Skipped { count, until: None }).await,
        }
    }

    async fn tell_tick(&mut self, id: &SubscriptionId, tick: &Tick) -> Result<(), End> {
        self.viewer.renew()?;
        if let Err(refusal) = self.viewer.may(Action::AdminGetTelemetry) {
            return self.end(id, refusal).await;
        }
        let text = said::message(&self.admin, "telemetry/region", "metrics.tick", Some(id), tick)?;
        Ok(self.socket.send(Message::Text(text)).await?)
    }

    async fn tell_line(&mut self, id: &SubscriptionId, line: &LogLine) -> Result<(), End> {
        if !self.subscriptions.get(id).is_some_and(|subscription| subscription.logs.fits(line)) {
            return Ok(());
        }
        self.viewer.renew()?;
        if let Err(refusal) = self.viewer.may(Action::AdminGetLogs) {
            return self.end(id, refusal).await;
        }
        let text = said::message(&self.admin, &format!("logs/{}", line.role), "log.line", Some(id), line)?;
        Ok(self.socket.send(Message::Text(text)).await?)
    }

    async fn tell_events(&mut self, id: &SubscriptionId, batch: Batch) -> Result<(), End> {
        let Batch { entries, until, behind } = batch;
        if let Some(entries) = behind {
            self.say(Some(id), &Said::Behind { entries }).await?;
        }
        for entry in entries {
            // A slow client takes its time for each, and may have lost its right meanwhile.
            self.viewer.renew()?;
            let Some(events) = self.subscriptions.get_mut(id).and_then(|it| it.events.as_mut()) else { return Ok(()) };
            let shown = self
                .viewer
                .takes(&events.filter, &entry)
                .and_then(|takes| if takes { self.viewer.shown(&entry).map(Some) } else { Ok(None) });
            let shown = match shown {
                Ok(shown) => shown,
                Err(refusal) => return self.end(id, refusal).await,
            };
            let Some(shown) = shown else { continue };
            let now = Instant::now();
            if events.pace.as_mut().is_none_or(|pace| pace.lets_through(entry.sequence, now)) {
                (events.position, events.said) = (entry.sequence, now);
                let text = said::of_log(id, entry.sequence, &shown)?;
                self.socket.feed(Message::Text(text)).await?;
            }
        }
        if let Some(events) = self.subscriptions.get_mut(id).and_then(|it| it.events.as_mut()) {
            events.position = until;
        }
        Ok(self.socket.flush().await?)
    }

    /// Says what is due.
    async fn catch_up(&mut self) -> Result<(), End> {
        self.viewer.renew()?;
        let now = Instant::now();
        if self.heard + SILENCE_TIME_MAX <= now {
            return Err(End::Gone);
        }
        if self.ping <= now {
            self.ping = now + PING_INTERVAL;
            self.socket.send(Message::Ping(Bytes::new())).await?;
        }
        let mut due = Vec::new();
        for (id, subscription) in &mut self.subscriptions {
            let Some(events) = &mut subscription.events else { continue };
            let skipped = events.pace.as_mut().filter(|pace| pace.skipped().is_some_and(|it| it.due <= now));
            if let Some(skipped) = skipped.and_then(Pace::tell) {
                due.push((id.clone(), Said::Skipped { count: skipped.count, until: Some(skipped.until) }));
                events.said = now;
            } else if events.due() <= now {
                due.push((id.clone(), Said::Position { sequence: events.position }));
                events.said = now;
            }
        }
        for (id, said) in due {
            self.say(Some(&id), &said).await?;
        }
        Ok(())
    }

    /// Ends a subscription. The others go on.
    async fn end(&mut self, id: &SubscriptionId, refusal: Refusal) -> Result<(), End> {
        self.subscriptions.remove(id);
        self.say(Some(id), &Said::Ended(Some(refusal))).await
    }

    async fn say(&mut self, id: Option<&SubscriptionId>, said: &Said) -> Result<(), End> {
        let text: Utf8Bytes = said::of_feed(&self.admin, id, said)?;
        Ok(self.socket.send(Message::Text(text)).await?)
    }
}
