//! Saying to one region how much of this one it has, as often as that is of use.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use events::replica::Statement;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::client::Client;
use crate::failure::Failure;

/// How often a region is told, at most, while something is sent there.
const TELL_INTERVAL: Duration = Duration::from_secs(10);

/// How often it is told while nothing is, so that little may be missing if this region is lost then.
const TELL_IDLE_INTERVAL: Duration = Duration::from_mins(1);

/// Tells one region.
pub(crate) struct Teller {
    /// The event that added the link.
    pub(crate) link: u64,
    /// Whether something arrived there since the last attempt.
    pub(crate) has_news: bool,
    client: Arc<Client>,
    /// What the region took last.
    said: Option<Statement>,
    /// The last attempt.
    last: Option<Instant>,
    jobs: JoinSet<(Statement, Result<(), Failure>)>,
}

impl Teller {
    pub(crate) fn new(link: u64, client: Arc<Client>) -> Self {
        Self { link, has_news: false, client, said: None, last: None, jobs: JoinSet::new() }
    }

    /// Tells a statement if it is new and it is time to.
    pub(crate) fn tell(&mut self, statement: Statement, clock: Timestamp, now: Instant) {
        if !self.jobs.is_empty() || !self.is_due(&statement, now) {
            return;
        }
        (self.last, self.has_news) = (Some(now), false);
        let client = Arc::clone(&self.client);
        self.jobs.spawn(async move {
            let told = client.state(&statement, clock).await;
            (statement, told)
        });
    }

    fn is_due(&self, statement: &Statement, now: Instant) -> bool {
        let Some(last) = self.last else { return true };
        let has_other_buckets = self.said.as_ref().is_none_or(|said| said.buckets != statement.buckets);
        // A clock that was set back is told of as well: what was said before counts no more.
        let is_other = |said: &Statement| (said.before, said.up_to) != (statement.before, statement.up_to);
        let is_new = has_other_buckets || self.said.as_ref().is_some_and(is_other);
        let is_taken_back = self.said.as_ref().is_some_and(|said| statement.before < said.before);
        let interval =
            if has_other_buckets || self.has_news || is_taken_back { TELL_INTERVAL } else { TELL_IDLE_INTERVAL };
        is_new && now >= last + interval
    }

    /// Takes up the answer. A region that takes no statement, for example one of an older release, gets everything else, and
    /// is told again the next time.
    pub(crate) fn poll_done(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut polled = Poll::Pending;
        while let Poll::Ready(Some(joined)) = self.jobs.poll_join_next(context) {
            polled = Poll::Ready(());
            match joined {
                Ok((statement, Ok(()))) => self.said = Some(statement),
                Ok((_, Err(why))) => tracing::debug!(%why, "another region was not told how much of this one it has"),
                Err(_panicked) => {}
            }
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teller() -> Teller {
        let domain::Address::Webhook(url) =
            domain::parse_address(events::target::Kind::Webhook, "http://127.0.0.1:9").unwrap()
        else {
            unreachable!("it is a URL");
        };
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let secret = identity::Secret::new("secret".to_owned());
        Teller::new(1, Arc::new(Client::new(url, "there".into(), ("AKIA".into(), secret), Arc::new(tls).into())))
    }

    fn statement(second: i64) -> Statement {
        let before = Timestamp::from_second(second).unwrap();
        Statement { form: 1, region: "here".parse().unwrap(), before, up_to: 1, buckets: Vec::new() }
    }

    #[test]
    fn a_region_in_which_nothing_happens_says_so_once_a_minute_and_a_busy_one_more_often() {
        let (mut teller, now) = (teller(), Instant::now());
        assert!(teller.is_due(&statement(1), now));
        (teller.last, teller.said) = (Some(now), Some(statement(1)));
        let later = |seconds| now + Duration::from_secs(seconds);
        assert!(!teller.is_due(&statement(1), later(600)), "there is nothing new");
        assert!(!teller.is_due(&statement(2), later(59)) && teller.is_due(&statement(2), later(60)));
        assert!(teller.is_due(&statement(0), later(10)), "the clock was set back: that is no longer true");
        teller.has_news = true;
        assert!(!teller.is_due(&statement(2), later(9)) && teller.is_due(&statement(2), later(10)));
    }
}
