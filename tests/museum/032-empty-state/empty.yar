// The rules of the release before are gone.
