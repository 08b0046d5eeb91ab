// The words around going live in Simplified Chinese; loaded when somebody reads them.

import type { LiveWords } from './words'

export const zh: LiveWords = {
  title: '开始直播', manageTitle: '你的直播', loading: '正在准备直播',

  none: '还没有连接', noneText: '在推流软件中开始推流，这里会自动发现。',
  on: '推流已连接', onText: '一切正常。', onBut: '已经可用，还可以更好：', onBad: '已经连上，但是：',
  opening: '推流已连接', openingText: '正在等待第一帧画面。',
  back: '连接断开了', backText: '推流软件重新连接期间，观众会停留在最后的画面。',
  refused: '有推流被拒绝', kbits: '{n} kbit/s', mbits: '{n} Mbit/s', fps: '{n} fps',
  unknown_key: '来自本网络的推流用了不存在的密钥，请重新完整复制。',
  wrong_key: '密钥不完整或被改动，请重新完整复制。',
  ended_key: '用的是旧密钥，请换成最新的密钥。',
  forbidden: '密钥正确，但现在不允许推流。请联系房间或服务器的管理者。',
  hevcHere: '此浏览器和许多浏览器都无法播放 H.265，请在推流软件中选择 H.264。',
  hevc: '并非所有浏览器都能播放 H.265，H.264 都可以。',
  rare: '并非所有浏览器都能播放 {codec}，H.264 加 AAC 都可以。',
  noSound: '没有声音。请检查音频来源和混音器。',
  noPicture: '没有画面，观众只能听到声音。',
  keyFrames: '关键帧间隔为 {n} 秒。设为 1 或 2 秒，观众打开得更快。',
  heavy: '{n} Mbit/s 对很多线路太高，观众可能卡顿；1080p 用 3 到 6 就够了。',
  newText: '正在检查收到的内容。',
  slow: '每秒只收到 {n} 帧，电脑可能太慢，请缩小画面试试。',
  slower: '现在每秒只收到 {n} 帧，之前是 {of} 帧，电脑可能太慢，请缩小画面试试。',
  behind: '每秒的内容只有 {n}% 及时到达：电脑或线路太慢，观众会反复卡顿。请缩小画面或降低码率。',
  frozen: '画面停住了：已收不到新的帧，请查看推流软件。',

  how: '推流软件', server: '服务器', key: '推流密钥', copy: '复制{what}', copied: '已复制', reveal: '显示密钥', hide: '隐藏密钥',
  keyOnce: '请保密。密钥只显示这一次，随时可以换新的。',
  keyGone: '密钥只在生成时显示。', newKey: '生成新密钥', newKeyAsk: '旧密钥立即失效，正在用它推流的会被断开。',
  keyMade: '这是新密钥', off: '此服务器没有打开 RTMP 端口，无法推流。请管理员设置 SYNCTV_LIVESTREAM_RTMP_PORT。',
  obs1: '设置 → 直播：服务选「自定义…」，粘贴服务器和密钥。',
  obs2: '输出：H.264，关键帧间隔 1 秒，微调 zerolatency。',
  obs3: '点「开始直播」，连上后这里会显示。',
  ffmpegText: '把 film.mp4 换成你要播放的内容。', command: '命令',

  show: '在房间里播放', playNow: '让房间切换到直播', onScreen: '正在本房间播放', done: '完成',

  manage: '管理', name: '标题', visibility: '谁可以观看', visPublic: '所有人', visUnlisted: '凭链接', visPrivate: '私密',
  publicNote: '在本服务器上公开列出。', unlistedNote: '有链接的人都可以看。', privateNote: '本房间的人，以及带令牌的链接。', privateAlone: '只有你，以及带令牌的链接。',
  link: '单独观看的链接', linkPrivate: '私密直播的链接有效期为一天。', makeLink: '生成链接',
  saved: '已保存',
  recordings: '录像', record: '录制每次直播', recording: '正在录制', recordNow: '开始录制', stop: '停止', recordStop: '停止录制', recordEnded: '录制已停止',
  recordNone: '还没有录像。', recordOff: '此服务器不支持录制，请联系管理员。', recordIdle: '现在没有人推流，请先开始推流。', recordLost: '文件已丢失',
  recordQueue: '加入队列', recordQueued: '已加入队列', recordSave: '保存为文件',
  recordDelete: '删除录像', recordDeleteAsk: '{name} 的录像删除后无法恢复。', recordDeleted: '录像已删除',
  sessions: '当前连接', nobody: '现在没有人。', publisher: '推流', viewer: '观众', since: '自 {time}', cut: '断开', cutLabel: '断开：{who}', cutDone: '已断开',
  end: '结束直播', endAsk: '推流会立即断开，之后可用同一密钥再次连接。', ended: '直播已结束',
  remove: '删除直播', removeAsk: '地址和密钥对所有人失效。', removed: '直播已删除',
  fresh: '让观看链接全部失效', freshAsk: '正在观看的人会断开一次，有权限的会自动恢复；带令牌的链接失效。',

  live: '直播中', notLive: '未开播', watching: '{n} 人在看', by: '主播 {name}', copyLink: '复制链接', manageDo: '管理',
  lostTitle: '此链接没有直播', lostText: '它被删除了，或是私密直播而链接缺少令牌。请索要新的链接。',
}
