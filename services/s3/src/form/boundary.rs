use super::malformed;
use crate::error::{Code, Error};

/// Longest boundary in bytes: RFC 2046, section 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

/// The boundary in a `Content-Type` of `multipart/form-data`.
///
/// # Errors
/// `PreconditionFailed` for another type, as in S3; `MalformedPOSTRequest` for a missing or malformed boundary.
pub fn boundary(content_type: Option<&str>) -> Result<&str, Error> {
    let (kind, parameters) = content_type.unwrap_or_default().split_once(';').unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(Error::with_message(
            Code::PreconditionFailed,
            "Bucket POST must be of the enclosure-type multipart/form-data",
        ));
    }
    let named = parameters.split(';').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    });
    let mut named = named.map(|value| value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value));
    let is_boundary = |text: &&str| {
        (1..=BOUNDARY_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte))
            && !text.ends_with(' ')
    };
    match (named.next().filter(is_boundary), named.next()) {
        (Some(boundary), None) => Ok(boundary),
        _ => Err(malformed("its Content-Type names no boundary")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_named_once_and_well_formed() {
        assert_eq!(boundary(Some("multipart/form-data; boundary=----WebKit7")).unwrap(), "----WebKit7");
        assert_eq!(boundary(Some("Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"")).unwrap(), "a b");
        for bad in ["", "; boundary=", "; boundary=a; boundary=b", "; boundary=\"a", "; boundary=\u{fc}"] {
            let error = boundary(Some(&format!("multipart/form-data{bad};"))).unwrap_err();
            assert_eq!(error.code(), Code::MalformedPOSTRequest, "{bad}");
        }
        let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
        assert_eq!(boundary(Some(&long)).unwrap_err().code(), Code::MalformedPOSTRequest);
        for other in [None, Some("text/plain"), Some("application/x-www-form-urlencoded; boundary=a")] {
            assert_eq!(boundary(other).unwrap_err().code(), Code::PreconditionFailed);
        }
    }
}
