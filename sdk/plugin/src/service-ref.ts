/** Names a service and carries its type: the only thing a consumer imports. */
export interface ServiceRef<T> {
  readonly id: string
  readonly type?: T
}
export const serviceRef = <T>(id: string): ServiceRef<T> => ({ id })

/** `{ users: ServiceRef<Users> }` → `{ users: Users }` */
export type ServiceRefs = Record<string, ServiceRef<unknown>>
export type ResolvedServices<N extends ServiceRefs> = { [K in keyof N]: N[K] extends ServiceRef<infer T> ? T : never }
