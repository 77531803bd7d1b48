//! The text that `dev` and `run gateway` print once they serve: the addresses, and lines to paste.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use events::ids::RegionName;

use crate::credentials::{Origin, PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::tls::Tls;

pub(crate) struct Banner<'a> {
    pub(crate) s3: SocketAddr,
    pub(crate) console: SocketAddr,
    pub(crate) tls: Option<&'a Tls>,
    pub(crate) region: &'a RegionName,
    pub(crate) credentials: &'a RootCredentials,
}

/// The URL at which a program on this machine reaches an address. An unspecified address is reached on the loopback.
pub(crate) fn url(mut address: SocketAddr, is_tls: bool) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("{}://{address}", if is_tls { "https" } else { "http" })
}

/// Quotes a path as a shell word.
///
/// Source: POSIX.1-2024, Shell Command Language, section 2.2.2.
fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(&byte);
    if text.bytes().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The settings with which clients trust a self-signed certificate.
#[derive(Default)]
struct Trust {
    aws: String,
    boto3: String,
    rclone: String,
}

impl Trust {
    fn of(certificate: &Path) -> Self {
        let file = word(certificate);
        Self {
            aws: format!("  export AWS_CA_BUNDLE={file}\n"),
            boto3: format!(" verify={:?},", certificate.display().to_string()),
            // rclone 1.60 refuses to start while AWS_CA_BUNDLE is set: its SDK cannot give it to rclone's transport.
            rclone: format!("  unset AWS_CA_BUNDLE; export RCLONE_CA_CERT={file}\n"),
        }
    }
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_tls = self.tls.is_some();
        let (endpoint, console, region) = (url(self.s3, is_tls), url(self.console, is_tls), self.region);
        let trusted = self.tls.filter(|tls| tls.is_self_signed).map(|tls| Trust::of(&tls.certificate));
        let Trust { aws: trust_aws, boto3: trust_boto3, rclone: trust_rclone } = trusted.unwrap_or_default();
        let RootCredentials { user, password, origin } = self.credentials;
        let password = password.expose();
        // Credentials from the environment are not printed, because stdout may end up in a log.
        let (says, shell_user, shell_password, python_user, python_password) = match origin {
            Origin::File(file) => (
                format!(
                    "  Access key   {user}\n  Secret key   {password}\n               (kept in {})\n",
                    file.display()
                ),
                user.clone(),
                password.to_owned(),
                format!("\"{user}\""),
                format!("\"{password}\""),
            ),
            Origin::Environment | Origin::Named(_) => (
                match origin {
                    Origin::Named(file) => format!("  Credentials  those in {}\n", file.display()),
                    _ => format!("  Credentials  those of {USER_ENV} and {PASSWORD_ENV}\n"),
                },
                format!("\"${USER_ENV}\""),
                format!("\"${PASSWORD_ENV}\""),
                format!("os.environ[\"{USER_ENV}\"]"),
                format!("os.environ[\"{PASSWORD_ENV}\"]"),
            ),
        };
        write!(
            f,
            "\
Planetstore {version} serves region {region}.

  S3 endpoint  {endpoint}
  Console      {console}   (/healthz /readyz /metrics /api/v1/status)
{says}
aws:
{trust_aws}  export AWS_ACCESS_KEY_ID={shell_user} AWS_SECRET_ACCESS_KEY={shell_password} AWS_DEFAULT_REGION={region}
  export AWS_ENDPOINT_URL={endpoint}
  aws s3 mb s3://first && date | aws s3 cp - s3://first/now && aws s3 ls s3://first

boto3:
  import os, boto3, botocore.config
  s3 = boto3.client(\"s3\", endpoint_url=\"{endpoint}\", region_name=\"{region}\",{trust_boto3}
                    aws_access_key_id={python_user}, aws_secret_access_key={python_password},
                    config=botocore.config.Config(signature_version=\"s3v4\", s3={{\"addressing_style\": \"path\"}}))

rclone:
{trust_rclone}  export RCLONE_CONFIG_PS_TYPE=s3 RCLONE_CONFIG_PS_PROVIDER=Other RCLONE_CONFIG_PS_ENDPOINT={endpoint} \\
         RCLONE_CONFIG_PS_REGION={region} RCLONE_CONFIG_PS_ACCESS_KEY_ID={shell_user} \\
         RCLONE_CONFIG_PS_SECRET_ACCESS_KEY={shell_password}
  rclone lsd ps:
",
            version = env!("CARGO_PKG_VERSION"),
        )
    }
}

#[cfg(test)]
mod tests {
    use identity::Secret;

    use super::*;

    #[test]
    fn paths_are_words_of_a_shell() {
        assert_eq!(word(Path::new("/a/b-c.pem")), "/a/b-c.pem");
        assert_eq!(word(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn each_client_is_told_to_trust_in_its_own_way() {
        let Trust { aws, boto3, rclone } = Trust::of(Path::new("/a b/c.pem"));
        assert_eq!(aws, "  export AWS_CA_BUNDLE='/a b/c.pem'\n");
        assert_eq!(boto3, " verify=\"/a b/c.pem\",");
        assert!(rclone.contains("RCLONE_CA_CERT='/a b/c.pem'") && rclone.contains("unset AWS_CA_BUNDLE"));
    }

    #[test]
    fn credentials_of_the_environment_are_not_printed() {
        let region = "eu-1".parse().unwrap();
        let (s3, console) = ("0.0.0.0:9000".parse().unwrap(), "[::]:9001".parse().unwrap());
        let with = |origin| {
            let credentials =
                RootCredentials { user: "the-user".into(), password: Secret::new("the-password".into()), origin };
            Banner { s3, console, tls: None, region: &region, credentials: &credentials }.to_string()
        };
        let from_file = with(Origin::File("credentials".into()));
        assert!(from_file.contains("http://127.0.0.1:9000") && from_file.contains("http://[::1]:9001"));
        assert!(from_file.contains("the-password"));
        for elsewhere in [Origin::Environment, Origin::Named("/run/secrets/root".into())] {
            let banner = with(elsewhere);
            assert!(!banner.contains("the-password") && !banner.contains("the-user"));
            assert!(banner.contains("$PLANETSTORE_ROOT_PASSWORD"));
        }
    }
}
