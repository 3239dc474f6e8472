import { isOpsFluxError, type Session } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { http, onSignedOut } from './http.ts'

export type SessionStatus = 'unknown' | 'signed-out' | 'signed-in' | 'unreachable'

/** Who is signed in, and what the shell shows to them. */
export const useSession = defineStore('session', () => {
  const session = shallowRef<Session>()
  const status = ref<SessionStatus>('unknown')
  let reading: Promise<void> | undefined
  let isStale = false

  const user = computed(() => session.value?.user)
  const mustChangePassword = computed(() => session.value?.user.mustChangePassword ?? false)
  const managesModules = computed(() => can('modules.manage.all'))

  function take(next: Session | undefined): void {
    session.value = next
    status.value = next ? 'signed-in' : 'signed-out'
  }

  /** Asks the host again. A call during a read makes it read once more: what the read answers may be older than the call. */
  function read(): Promise<void> {
    isStale = true
    reading ??= readAll().finally(() => { reading = undefined })
    return reading
  }

  async function readAll(): Promise<void> {
    while (isStale) {
      isStale = false
      await http.get<Session>('/api/session').then(take, failed)
    }
  }

  function failed(error: unknown): void {
    if (isOpsFluxError(error) && error.code === 'not-signed-in') take(undefined)
    else if (!session.value) status.value = 'unreachable'
  }

  /** Answers once it is known who is signed in. */
  async function ready(): Promise<void> {
    if (status.value === 'unknown' || status.value === 'unreachable') await read()
  }

  const signIn = async (email: string, password: string): Promise<void> => take(await http.post<Session>('/api/auth/sign-in', { email, password }))
  const changePassword = async (current: string, next: string): Promise<void> => take(await http.post<Session>('/api/auth/password', { current, next }))
  const setLocale = async (locale: string): Promise<void> => take(await http.patch<Session>('/api/me', { locale }))
  async function signOut(): Promise<void> {
    await http.post('/api/auth/sign-out')
    take(undefined)
  }

  /** Whether the user has a permission such as `modules.manage.all`, or any scope of `hse-reports.view`. */
  function can(permission: string): boolean {
    return (session.value?.permissions ?? []).some((held) => held === '*' || held === permission || held.startsWith(`${permission}.`))
  }

  onSignedOut(() => { if (session.value) take(undefined) })
  return { session, status, user, mustChangePassword, managesModules, read, ready, signIn, signOut, changePassword, setLocale, can }
})
