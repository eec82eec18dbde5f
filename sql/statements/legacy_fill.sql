-- The project that this one replaces never computed email_domain.
UPDATE users
SET email_domain = split_part(email, '@', -1)
WHERE email_domain IS NULL AND email ~ '@[^@]+$' AND length(split_part(email, '@', -1)) <= 50;
