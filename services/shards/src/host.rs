use uuid::Uuid;

const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// The id the kernel drew when this host started. Processes with the same one share a host, though perhaps not
/// its file system: containers do.
///
/// Source: random(4).
///
/// # Errors
/// Where there is no such file (not Linux): go on without short-circuit reads.
pub fn boot_id() -> std::io::Result<Uuid> {
    let text = std::fs::read_to_string(BOOT_ID_FILE)?;
    Uuid::parse_str(text.trim()).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_boot_id_is_the_same_each_time() {
        let boot_id = super::boot_id().unwrap();
        assert!(!boot_id.is_nil());
        assert_eq!(boot_id, super::boot_id().unwrap());
    }
}
