"""Why a training does not learn: what is measured, what it means, and what to do about it."""
