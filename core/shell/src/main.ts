import '@opsflux/ui/fonts.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './app.vue'
import { i18n, preferredLocale, useLocale } from './i18n.ts'
import { createShellRouter } from './router.ts'
import { followSession } from './shell.ts'

await useLocale(preferredLocale())
const app = createApp(App)
app.use(createPinia())
app.use(i18n)
const router = createShellRouter()
followSession(router)
app.use(router)
app.mount('#app')
