# SPDX-License-Identifier: Apache-2.0
"""python-tuf of today on the cryptography of bookworm (38): the names of two type hints, which came
later, are all that it lacks."""

try:
	from cryptography.hazmat.primitives.asymmetric import types
except ImportError:
	pass
else:
	for name in ("PrivateKeyTypes", "PublicKeyTypes"):
		if not hasattr(types, name):
			setattr(types, name, object)
