"""The contenders: each reads the topic from its beginning into `users`, until it is stopped."""
