"""A short text for what a resource is made of, which tells one resource from the next.

CloudFormation makes a resource anew when a property changes that cannot change in place, and deletes the old one at the
end. So the new one cannot have the name of the old one. A resource that is made of such properties has their
fingerprint in its construct's id: another fingerprint is another logical id, and whatever refers to it refers to
something else, in the template too.
"""

import hashlib
import json
from typing import Any


def fingerprint(*parts: Any) -> str:
    """Eight hexadecimal digits. `parts` are JSON's types."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
