//! The records of a POSIX extended tar header: `LENGTH KEY=VALUE\n`, the length counting itself.

/// Returns the records in order, or nothing if one is malformed.
pub(super) fn records(data: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let (mut records, mut rest) = (Vec::new(), data);
    while !rest.is_empty() {
        let space = rest.iter().position(|&byte| byte == b' ')?;
        let length: usize = str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let (record, after) = rest.split_at_checked(length)?;
        let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|&byte| byte == b'=')?;
        records.push((&record[..equals], &record[equals + 1..]));
        rest = after;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(key: &[u8], value: &[u8]) -> Vec<u8> {
        let rest = [b" ", key, b"=", value, b"\n"].concat();
        let mut length = rest.len();
        while length.to_string().len() + rest.len() != length {
            length = length.to_string().len() + rest.len();
        }
        [length.to_string().as_bytes(), &rest].concat()
    }

    #[test]
    fn malformed_ones_are_refused() {
        for data in ["x", "5 a=b\n", "7 a=b\n", "6 abc\n", "99 a=b\n", "0 a=b\n", "6 a=bc", "-6 a=b\n"] {
            assert_eq!(records(data.as_bytes()), None, "{data:?}");
        }
        assert_eq!(records(b"6 a=b\n"), Some(vec![(b"a".as_slice(), b"b".as_slice())]));
    }

    proptest! {
        #[test]
        fn any_value_comes_back(pairs in proptest::collection::vec(("[a-z.]{1,9}", proptest::collection::vec(any::<u8>(), 0..120)), 0..4)) {
            let data: Vec<u8> = pairs.iter().flat_map(|(key, value)| record(key.as_bytes(), value)).collect();
            let read = records(&data).unwrap();
            let expected: Vec<_> = pairs.iter().map(|(key, value)| (key.as_bytes(), value.as_slice())).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn nothing_makes_it_panic(data in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = records(&data);
        }
    }
}
