import {
  Activity, Archive, ArchiveRestore, ArrowDown, ArrowLeft, ArrowRight, ArrowUp, ArrowUpDown, BadgeCheck, Bell, BookOpen, Boxes, Building2, Calendar,
  CalendarClock, Camera, ChartColumn, ChartLine, Check, ChevronDown, ChevronLeft, ChevronRight, ChevronUp, ChevronsUpDown, Circle, CircleAlert,
  CircleCheck, CircleQuestionMark, CircleUser, CircleX, ClipboardCheck, ClipboardList, Clock, Copy, Database, Download, Ellipsis, ExternalLink, Eye,
  EyeOff, FileCheck, FileText, Funnel, Flame, Folder, Gauge, Globe, HardHat, History, House, Inbox, Info, KeyRound, Languages, LayoutDashboard, Link,
  List, ListChecks, LoaderCircle, Lock, LogOut, Mail, Map, MapPin, Menu, MessageSquare, Minus, Monitor, Moon, Package, PackageCheck, PanelLeft,
  Paperclip, Pause, Pencil, Play, Plug, Plus, Power, Printer, Puzzle, QrCode, RefreshCw, RotateCcw, Save, Search, Send, Settings, Shield,
  ShieldAlert, ShieldCheck, SlidersHorizontal, SquareCheck, Star, Sun, Table, Tag, Timer, Trash2, TrendingUp, TriangleAlert, Truck, Undo2, Upload,
  User, Users, WifiOff, Wrench, X, Zap,
} from '@lucide/vue'
import type { Component } from 'vue'

/** The icons of the kit by Lucide name. A static map: only these are in the bundle. */
export const icons: Record<string, Component> = {
  activity: Activity, archive: Archive, 'archive-restore': ArchiveRestore, 'arrow-down': ArrowDown, 'arrow-left': ArrowLeft,
  'arrow-right': ArrowRight, 'arrow-up': ArrowUp, 'arrow-up-down': ArrowUpDown, 'badge-check': BadgeCheck, bell: Bell, 'book-open': BookOpen,
  boxes: Boxes, 'building-2': Building2, calendar: Calendar, 'calendar-clock': CalendarClock, camera: Camera, 'chart-column': ChartColumn,
  'chart-line': ChartLine, check: Check, 'chevron-down': ChevronDown, 'chevron-left': ChevronLeft, 'chevron-right': ChevronRight,
  'chevron-up': ChevronUp, 'chevrons-up-down': ChevronsUpDown, circle: Circle, 'circle-alert': CircleAlert, 'circle-check': CircleCheck,
  'circle-help': CircleQuestionMark, 'circle-user': CircleUser, 'circle-x': CircleX, 'clipboard-check': ClipboardCheck,
  'clipboard-list': ClipboardList, clock: Clock, copy: Copy, database: Database, download: Download, ellipsis: Ellipsis,
  'external-link': ExternalLink, eye: Eye, 'eye-off': EyeOff, 'file-check': FileCheck, 'file-text': FileText, filter: Funnel, flame: Flame,
  folder: Folder, gauge: Gauge, globe: Globe, 'hard-hat': HardHat, history: History, house: House, inbox: Inbox, info: Info, 'key-round': KeyRound,
  languages: Languages, 'layout-dashboard': LayoutDashboard, link: Link, list: List, 'list-checks': ListChecks, 'loader-circle': LoaderCircle,
  lock: Lock, 'log-out': LogOut, mail: Mail, map: Map, 'map-pin': MapPin, menu: Menu, 'message-square': MessageSquare, minus: Minus,
  monitor: Monitor, moon: Moon, package: Package, 'package-check': PackageCheck, 'panel-left': PanelLeft, paperclip: Paperclip, pause: Pause,
  pencil: Pencil, play: Play, plug: Plug, plus: Plus, power: Power, printer: Printer, puzzle: Puzzle, 'qr-code': QrCode, 'refresh-cw': RefreshCw,
  'rotate-ccw': RotateCcw, save: Save, search: Search, send: Send, settings: Settings, shield: Shield, 'shield-alert': ShieldAlert,
  'shield-check': ShieldCheck, 'sliders-horizontal': SlidersHorizontal, 'square-check': SquareCheck, star: Star, sun: Sun, table: Table, tag: Tag,
  timer: Timer, 'trash-2': Trash2, 'trending-up': TrendingUp, 'triangle-alert': TriangleAlert, truck: Truck, 'undo-2': Undo2, upload: Upload,
  user: User, users: Users, 'wifi-off': WifiOff, wrench: Wrench, x: X, zap: Zap,
}
