//! The rules about links to other regions.

use events::Fact;
use events::ids::{RegionName, Sealed, UserName};
use events::link::{Added, BoundBucket, BoundMoved, IdentitiesSent, Removed};
use events::replica::STATED_BUCKETS_MAX;
use events::secret::LinkResealed;
use jiff::Timestamp;

use super::identity::check_seal;
use super::replica::CLOCK_AHEAD_MAX;
use super::{Decision, Refused};
use crate::command::{BOUNDS_OF_USER_MAX, Context, LINKS_MAX, LinkCommand, LinkRejection, Outcome, Rejection};
use crate::row::BoundRow;
use crate::view::View;

pub(super) fn decide<V: View>(
    view: &V,
    command: &LinkCommand,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    match command {
        LinkCommand::Add { link, url, access_key, secret, shares_identities } => {
            if view.link(link).map_err(Refused::View)?.is_some() {
                return Err(refused(LinkRejection::Exists));
            }
            if view.links().map_err(Refused::View)?.len() >= LINKS_MAX {
                return Err(refused(LinkRejection::TooMany));
            }
            check_seal(view, secret)?;
            let (link, url, access_key, secret) = (link.clone(), url.clone(), access_key.clone(), secret.clone());
            let shares_identities = *shares_identities;
            Ok(write(Fact::LinkAdded(Added { link, url, access_key, secret, shares_identities })))
        }
        LinkCommand::Remove { link } => {
            if view.link(link).map_err(Refused::View)?.is_none() {
                return Err(refused(LinkRejection::NoSuch(link.clone())));
            }
            Ok(write(Fact::LinkRemoved(Removed { link: link.clone() })))
        }
        LinkCommand::NoteIdentities { link, added, up_to } => note(view, link, *added, *up_to),
        LinkCommand::Reseal { link, from, to } => reseal(view, link, from, to),
        LinkCommand::MoveBound { link, user, before, up_to, buckets } => {
            move_bound(view, (link, user), (*before, *up_to), buckets, context)
        }
    }
}

/// A link of the same name that was added later is another one.
fn note<V: View>(view: &V, link: &RegionName, added: u64, up_to: u64) -> Result<Decision, Refused<V::Error>> {
    let row = view.link(link).map_err(Refused::View)?.filter(|row| row.id == added);
    let row = row.ok_or_else(|| refused(LinkRejection::NoSuch(link.clone())))?;
    if !row.shares_identities || row.identities_sent.is_some_and(|sent| sent >= up_to) {
        return Err(refused(LinkRejection::NotShared));
    }
    Ok(write(Fact::LinkIdentitiesSent(IdentitiesSent { link: link.clone(), added, up_to, term: None })))
}

/// A bound only goes forwards, in the log of the region that says it: what comes late says less than is known. The time may
/// go back, by a clock that was set back: the greater time of before counts no more then, because what is acknowledged by
/// such a clock may have a lesser one and not be here. A time of the far future would promise what nobody can know.
fn move_bound<V: View>(
    view: &V,
    (link, user): (&RegionName, &UserName),
    (before, up_to): (Timestamp, u64),
    buckets: &[BoundBucket],
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    if before > context.now.saturating_add(CLOCK_AHEAD_MAX).unwrap_or(Timestamp::MAX) {
        return Err(Rejection::ReplicaAhead.into());
    }
    let row = view.bound(link, user).map_err(Refused::View)?;
    if row.as_ref().is_some_and(|row| up_to < row.up_to) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let of_user = || Ok(view.bounds()?.into_iter().filter(|(_, by, _)| by == user).count());
    let is_one_more = row.is_none() && of_user().map_err(Refused::View)? >= BOUNDS_OF_USER_MAX;
    if is_one_more || buckets.len() > STATED_BUCKETS_MAX {
        return Err(refused(LinkRejection::TooManyBounds));
    }
    let of_the_same_clock = row.as_ref().filter(|row| before >= row.before);
    let buckets = BoundRow::remembered(of_the_same_clock, buckets.to_vec());
    let are_as_before = row.as_ref().is_some_and(|row| row.stated() == buckets);
    if are_as_before && row.is_some_and(|row| row.before == before && row.up_to == up_to) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let (link, user, buckets) = (link.clone(), user.clone(), Some(buckets).filter(|_| !are_as_before));
    Ok(write(Fact::LinkBoundMoved(BoundMoved { link, user, before, up_to, buckets })))
}

/// A key that changed since it was found stays as it is.
fn reseal<V: View>(view: &V, link: &RegionName, from: &Sealed, to: &Sealed) -> Result<Decision, Refused<V::Error>> {
    let row = view.link(link).map_err(Refused::View)?;
    if row.is_none_or(|row| row.secret != *from) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    check_seal(view, to)?;
    Ok(write(Fact::LinkResealed(LinkResealed { link: link.clone(), sealed: to.clone() })))
}

fn write(fact: Fact) -> Decision {
    Decision::write(fact, Outcome::Done)
}

fn refused<E>(rejection: LinkRejection) -> Refused<E> {
    Refused::Rejected(rejection.into())
}
