/** Any number: tells these from other advisory locks. */
const contentSpace = 7_072_004

/**
 * The advisory lock that is held, until its transaction ends, by whoever puts a content into the store for a file, or takes it out
 * because none has it: so no content goes while a file is being written that will need it.
 */
export const contentLock = (tenantId: string, sha256: string): [space: number, name: string] => [contentSpace, `${tenantId}/${sha256}`]
