/** What a plugin may be granted beyond its own data. A closed list: unknown names are refused at build and at install. */
export const capabilities = {
  'users.read': { risk: 'review', title: 'Read the names of the users of your organisation' },
} as const satisfies Record<string, { risk: 'normal' | 'review'; title: string }>

export type CapabilityName = keyof typeof capabilities

/** Capability `users.read`. */
export interface Users {
  /** Names of users of the tenant by id, at most 200 ids; unknown ids are left out. @throws capability-denied */
  names(ids: readonly string[]): Promise<Record<string, string>>
}
