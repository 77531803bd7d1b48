//! Merkle trees over entries of the log.
//!
//! Source: RFC 6962, section 2.1; the check of a path is that of RFC 9162, section 2.1.3.2.

use events::ids::Sha256Digest;
use sha2::{Digest, Sha256};

/// Comes before the bytes of an entry, so that no inner node is taken for one.
const LEAF: [u8; 1] = [0];

/// Comes before the hashes of an inner node.
const NODE: [u8; 1] = [1];

/// The hash of an entry as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Sha256Digest {
    let mut hash = Sha256::new_with_prefix(LEAF);
    hash.update(entry);
    Sha256Digest(hash.finalize().into())
}

fn node_hash(left: Sha256Digest, right: Sha256Digest) -> Sha256Digest {
    let mut hash = Sha256::new_with_prefix(NODE);
    hash.update(left.0);
    hash.update(right.0);
    Sha256Digest(hash.finalize().into())
}

/// A tree that grows leaf by leaf. It holds one hash for each halving.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    leaves: u64,
    /// The roots of full subtrees, the largest first: one for each bit of the number of leaves.
    roots: Vec<Sha256Digest>,
}

impl Tree {
    /// Adds a leaf on the right.
    pub fn push(&mut self, leaf: Sha256Digest) {
        let mut root = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node_hash(left, root);
            }
        }
        self.roots.push(root);
        self.leaves += 1;
    }

    /// The number of leaves.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root; the hash of nothing in an empty tree.
    pub fn root(&self) -> Sha256Digest {
        let mut roots = self.roots.iter().rev().copied();
        match roots.next() {
            Some(last) => roots.fold(last, |right, left| node_hash(left, right)),
            None => Sha256Digest(Sha256::digest([]).into()),
        }
    }
}

impl FromIterator<Sha256Digest> for Tree {
    fn from_iter<I: IntoIterator<Item = Sha256Digest>>(leaves: I) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }
}

/// The hashes beside the way from a leaf to the root, from the leaf up. `None` if there is no such leaf.
pub fn path(leaves: &[Sha256Digest], index: usize) -> Option<Vec<Sha256Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut range, mut index, mut path) = (leaves, index, Vec::new());
    while range.len() > 1 {
        let (left, right) = range.split_at(range.len().next_power_of_two() / 2);
        let (own, other) = if index < left.len() { (left, right) } else { (right, left) };
        path.push(other.iter().copied().collect::<Tree>().root());
        index = if index < left.len() { index } else { index - left.len() };
        range = own;
    }
    path.reverse();
    Some(path)
}

/// The root of a tree of `count` leaves to which a path leads from the leaf at `index`. `None` if no path of such a tree
/// has this length.
pub fn root_by_path(leaf: Sha256Digest, index: u64, count: u64, path: &[Sha256Digest]) -> Option<Sha256Digest> {
    let (mut at, mut last) = (index, count.checked_sub(1)?);
    if at > last {
        return None;
    }
    let mut root = leaf;
    for other in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node_hash(*other, root);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = node_hash(root, *other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<Sha256Digest> {
        (0..count).map(|byte| leaf_hash(&[byte])).collect()
    }

    /// The tree by its definition in the standard.
    fn root_of(leaves: &[Sha256Digest]) -> Sha256Digest {
        match leaves {
            [] => Sha256Digest(Sha256::digest([]).into()),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(root_of(left), root_of(right))
            }
        }
    }

    #[test]
    fn a_tree_that_grows_is_the_tree_of_the_standard() {
        for count in 0..70 {
            let leaves = leaves(count);
            let tree: Tree = leaves.iter().copied().collect();
            assert_eq!((tree.root(), tree.leaves()), (root_of(&leaves), u64::from(count)));
        }
    }

    /// From the test vectors of Certificate Transparency.
    #[test]
    fn roots_are_those_of_other_programs() {
        let entries: [&[u8]; 3] = [b"", &[0], &[0x10]];
        let tree: Tree = entries.into_iter().map(leaf_hash).collect();
        assert_eq!(tree.root().to_string(), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }

    #[test]
    fn a_path_leads_from_its_leaf_to_the_root_and_from_nowhere_else() {
        for count in 1..40_u8 {
            let leaves = leaves(count);
            let root = root_of(&leaves);
            for index in 0..count {
                let path = path(&leaves, index.into()).unwrap();
                let by = |leaf, at: u8, path: &[_]| root_by_path(leaf, at.into(), count.into(), path);
                let leaf = leaves[usize::from(index)];
                assert_eq!(by(leaf, index, &path), Some(root));
                let elsewhere = (index + 1) % count;
                assert!(count == 1 || by(leaf, elsewhere, &path) != Some(root));
                assert!(count == 1 || by(leaves[usize::from(elsewhere)], index, &path) != Some(root));
                assert_ne!(by(leaf, index, &[path.clone(), vec![root]].concat()), Some(root));
                assert!(path.is_empty() || by(leaf, index, &path[1..]) != Some(root));
            }
            assert!(path(&leaves, count.into()).is_none());
        }
    }
}
