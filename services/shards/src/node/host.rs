use uuid::Uuid;

/// The file in which Linux tells the boot id.
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// The boot id of this host, which the kernel draws when it starts. Processes with the same boot id share a host, but
/// not always a file system: containers may have their own.
///
/// Source: random(4).
///
/// # Errors
/// If the system has no boot id (it is not Linux). Such a process runs without short-circuit reads.
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
