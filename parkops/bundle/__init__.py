"""Evidence bundles: all that an assessment stands on in one file, with a hash of each part, and its proof."""

from parkops.bundle.check import Proof, prove
from parkops.bundle.pack import pack
from parkops.bundle.sign import Signer, encrypt, sign, signature_of, signer

__all__ = ["Proof", "Signer", "encrypt", "pack", "prove", "sign", "signature_of", "signer"]
