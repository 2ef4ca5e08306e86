//! How old does this face look?
