//! Contract interfaces: JSON at the edge, borsh inside.
