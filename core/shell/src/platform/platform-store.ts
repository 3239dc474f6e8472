import type { LimitName, PlatformStatus } from '@opsflux/sdk'
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import { http } from '../http.ts'

/** How safe the platform stands: sandbox, registry, ceilings. */
export const usePlatform = defineStore('platform', () => {
  const status = shallowRef<PlatformStatus>()
  const error = shallowRef<unknown>()
  const isReading = ref(false)

  async function read(): Promise<void> {
    isReading.value = true
    try {
      status.value = await http.get<PlatformStatus>('/api/platform/status')
      error.value = undefined
    } catch (problem) {
      error.value = problem
    } finally {
      isReading.value = false
    }
  }

  async function setCeilings(ceilings: Partial<Record<LimitName, number | null>>): Promise<void> {
    status.value = await http.put<PlatformStatus>('/api/platform/limits', { ceilings })
  }

  return { status, error, isReading, read, setCeilings }
})
