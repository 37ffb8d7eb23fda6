//! A trie of byte strings in one array. Unlike an automaton it starts only where a word does, which is several times cheaper
//! for a vocabulary whose entries begin at words. A filter of the first bytes rejects most words at once.

/// Bits of the filter, as a power of two.
const FILTER_BITS: u32 = 18;
/// Bytes that the filter reads.
const KEY_BYTES: usize = 4;

/// A node: its children are neighbours, ordered by byte.
#[derive(Debug, Clone, Copy)]
struct Node {
    first: u32,
    children: u16,
    byte: u8,
    /// The value of the string that ends here, plus one.
    value: u32,
}

/// Byte strings with a value each.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    /// The node of each first byte, plus one.
    roots: [u32; 256],
    /// First bytes of entries that are shorter than a key.
    short: [[u64; 4]; 256],
    filter: Vec<u64>,
}

impl Trie {
    /// Builds a trie. The entries are ordered and unique.
    pub(super) fn new(entries: &[(&[u8], u32)]) -> Self {
        let mut trie = Self {
            nodes: Vec::new(),
            roots: [0; 256],
            short: [[0; 4]; 256],
            filter: vec![0; 1 << (FILTER_BITS - 6)],
        };
        let (first, children) = trie.add(entries, 0);
        for at in first..first + u32::from(children) {
            let byte = trie.nodes[at as usize].byte;
            trie.roots[usize::from(byte)] = at + 1;
        }
        for (text, _) in entries {
            trie.add_to_filter(text);
        }
        trie
    }

    fn add_to_filter(&mut self, text: &[u8]) {
        match text {
            [a, b, c, d, ..] => {
                let bit = filter_bit([*a, *b, *c, *d]);
                self.filter[bit / 64] |= 1 << (bit % 64);
            }
            [first] => self.short[usize::from(first | 0x20)] = [u64::MAX; 4],
            [first, second, ..] => {
                let second = second | 0x20;
                self.short[usize::from(first | 0x20)][usize::from(second / 64)] |= 1 << (second % 64);
            }
            [] => {}
        }
    }

    /// Adds the nodes of one depth for entries with the same beginning.
    fn add(&mut self, entries: &[(&[u8], u32)], depth: usize) -> (u32, u16) {
        let first = self.nodes.len();
        // The entry that ends here is the first of those with this beginning.
        let has_end = entries.first().is_some_and(|(text, _)| text.len() <= depth);
        let longer = &entries[usize::from(has_end)..];
        let groups = || longer.chunk_by(|left, right| left.0[depth] == right.0[depth]);
        for group in groups() {
            let (text, value) = group[0];
            self.nodes.push(Node {
                first: 0,
                children: 0,
                byte: text[depth],
                value: if text.len() == depth + 1 { value + 1 } else { 0 },
            });
        }
        let mut children = 0;
        for (index, group) in groups().enumerate() {
            let (first_child, count) = self.add(group, depth + 1);
            let node = &mut self.nodes[first + index];
            (node.first, node.children) = (first_child, count);
            children += 1;
        }
        (u32::try_from(first).unwrap_or(u32::MAX), children)
    }

    /// Reports whether any entry begins with a byte.
    pub(super) fn starts_with(&self, byte: u8) -> bool {
        self.roots[usize::from(byte.to_ascii_lowercase())] != 0
    }

    /// Reports whether an entry can begin a text. Only a yes can be wrong.
    pub(super) fn may_begin(&self, text: &[u8]) -> bool {
        if let [a, b, c, d, ..] = text {
            let bit = filter_bit([*a, *b, *c, *d]);
            let (first, second) = (usize::from(a | 0x20), b | 0x20);
            return self.filter[bit / 64] >> (bit % 64) & 1 != 0
                || self.short[first][usize::from(second / 64)] >> (second % 64) & 1 != 0;
        }
        true
    }

    /// Calls a function with the length and value of each entry that begins a text, the shortest first. Capitals of ASCII match
    /// small letters.
    pub(super) fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let Some(first) = text.first() else { return };
        let Some(mut next) = self.roots[usize::from(first.to_ascii_lowercase())].checked_sub(1) else {
            return;
        };
        let mut len = 1;
        loop {
            let node = &self.nodes[next as usize];
            if node.value > 0 {
                found(len, node.value - 1);
            }
            let Some(byte) = text.get(len) else { return };
            let Some(child) = self.child(node, byte.to_ascii_lowercase()) else {
                return;
            };
            next = child;
            len += 1;
        }
    }

    fn child(&self, node: &Node, byte: u8) -> Option<u32> {
        let children = &self.nodes[node.first as usize..][..usize::from(node.children)];
        let index = match children {
            [only] => (only.byte == byte).then_some(0),
            _ => children.binary_search_by_key(&byte, |child| child.byte).ok(),
        };
        Some(node.first + u32::try_from(index?).ok()?)
    }

    /// Returns the value of an entry.
    pub(super) fn get(&self, text: &[u8]) -> Option<u32> {
        let mut value = None;
        if text.len() < KEY_BYTES || self.may_begin(text) {
            self.prefixes(text, |len, found| {
                if len == text.len() {
                    value = Some(found);
                }
            });
        }
        value
    }
}

/// Returns the bit of four bytes. Capitals have the bit of small letters; other bytes share bits, which costs a look only.
fn filter_bit(key: [u8; KEY_BYTES]) -> usize {
    let key = u32::from_le_bytes(key) | 0x2020_2020;
    (key.wrapping_mul(0x9e37_79b1) >> (32 - FILTER_BITS)) as usize
}
