import { isRevokedBy } from '@opsflux/registry-metadata'
import { ownerOf, type Release, type Revocation, type TrustedState } from './trusted-state.ts'

/** All that the registry and its publishers revoke; the registry's word first. */
export function allRevocations(state: TrustedState): Revocation[] {
  return [...state.revoked, ...state.publishers.flatMap((publisher) => publisher.revoked)]
}

/** The releases that may run. */
export function offeredIn(state: TrustedState): Release[] {
  const byRegistry = Map.groupBy(state.revoked, ({ id }) => id)
  return state.publishers.flatMap(({ releases, revoked }) => {
    const byPublisher = Map.groupBy(revoked, ({ id }) => id)
    return releases.filter((release) => ![...byRegistry.get(release.id) ?? [], ...byPublisher.get(release.id) ?? []].some((revocation) => isRevokedBy(revocation, release)))
  })
}

/** Why a release must not run; undefined when nobody revoked it. */
export function revocationOf(state: TrustedState, release: Pick<Release, 'id' | 'version'> & { digest?: string }): Revocation | undefined {
  const heard = [...state.revoked, ...(ownerOf(release.id, state.publishers)?.revoked ?? [])]
  return heard.find((revocation) => isRevokedBy(revocation, release))
}

/**
 * Revocations of publishers whose metadata cannot be used at the moment hold on: a list that expires, is withheld or is damaged
 * must not let a revoked release in again.
 */
export function keepRevocations(before: TrustedState | undefined, state: TrustedState): TrustedState {
  for (const publisher of state.publishers) {
    const known = publisher.problem && before?.publishers.find(({ name }) => name === publisher.name)
    if (known) publisher.revoked = known.revoked
  }
  return state
}
