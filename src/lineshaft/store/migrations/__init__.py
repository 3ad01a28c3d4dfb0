"""The forms that the works' bookkeeping has had, one step each; form 0 is the first that was ever written.

A step says with Alembic's operations what it changes, as things were then: it names no table object of today's
`system.py`, which may look different tomorrow.
"""

from lineshaft.store.migrations import form_1_basis, form_2_once

CHAIN = (form_1_basis.upgrade, form_2_once.upgrade)
