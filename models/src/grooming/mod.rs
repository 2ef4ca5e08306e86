//! Does this chat show the pattern of grooming?
