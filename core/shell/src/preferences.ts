import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
const systemDark = matchMedia('(prefers-color-scheme: dark)')

/** What a user set for this browser. */
export const usePreferences = defineStore('preferences', () => {
  const theme = ref<Theme>(themeOf(localStorage.getItem('opsflux.theme')))
  const collapsed = ref(localStorage.getItem('opsflux.sidebar') === 'collapsed')
  const prefersDark = ref(systemDark.matches)
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'auto' && prefersDark.value))

  systemDark.addEventListener('change', (event) => { prefersDark.value = event.matches })
  watch(dark, (on) => document.documentElement.classList.toggle('dark', on), { immediate: true })
  watch(theme, (value) => localStorage.setItem('opsflux.theme', value))
  watch(collapsed, (value) => localStorage.setItem('opsflux.sidebar', value ? 'collapsed' : 'open'))
  return { theme, collapsed, dark }
})

function themeOf(stored: string | null): Theme {
  return stored === 'light' || stored === 'dark' ? stored : 'auto'
}
