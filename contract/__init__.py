"""What both sides of the pipeline hold to: what a record is, why it is rejected, and how a row gets into its table.

`spark/` and `pipeline_defs/` may import this package and `sql/`, and never each other.

    from contract.person import PERSON
    from contract.rejection import Rejection

    parsed = PERSON.parse(value)
    if isinstance(parsed, Rejection):
        print(parsed.reason, parsed.detail)
    else:
        print(dict(zip(PERSON.columns, parsed)))
"""
