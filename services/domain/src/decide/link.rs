//! The rules about links to other regions.

use events::Fact;
use events::ids::{RegionName, Sealed};
use events::link::{Added, IdentitiesSent, Removed};
use events::secret::LinkResealed;

use super::identity::check_seal;
use super::{Decision, Refused};
use crate::command::{LINKS_MAX, LinkCommand, LinkRejection, Outcome};
use crate::view::View;

pub(super) fn decide<V: View>(view: &V, command: &LinkCommand) -> Result<Decision, Refused<V::Error>> {
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
