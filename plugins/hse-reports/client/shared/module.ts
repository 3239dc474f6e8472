import { useModule, type EntityApi, type ModuleContext } from '@opsflux/sdk/client'
import type { InputOf, RecordOf } from '@opsflux/sdk'
import type { entities } from '../../entities.ts'
import { computed, type ComputedRef } from 'vue'
import type plugin from '../../plugin.ts'

export type Incident = RecordOf<typeof entities.incident>
export type IncidentInput = InputOf<typeof entities.incident>
export type IncidentApi = EntityApi<typeof entities.incident>
export type Hours = RecordOf<typeof entities.exposureHours>
export type HoursInput = InputOf<typeof entities.exposureHours>
export type HseModule = ModuleContext<typeof plugin>

export const useHse = (): HseModule => useModule<typeof plugin>()

/** The user's language for `Intl`; it may change while a page is open. */
export function useLocale(): ComputedRef<string> {
  const hse = useHse()
  return computed(() => hse.locale)
}

/** Path in the shell of a page of this module. */
export const pathOf = ({ id }: HseModule, page: string): string => `/x/${id}${page}`
