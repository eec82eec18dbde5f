-- Nobody reads or writes the table until the upgrade is committed.
LOCK TABLE users IN ACCESS EXCLUSIVE MODE;
