// The player's words in Simplified Chinese; loaded when somebody reads them.

import type { Words } from './strings'

export const zh: Words = {
  play: '播放', pause: '暂停', playLocked: '仅在此播放', pauseLocked: '仅在此暂停',
  back10: '后退 10 秒', forward10: '前进 10 秒', next: '下一个',
  mute: '静音', unmute: '取消静音', volume: '音量', danmaku: '弹幕', danmakuSettings: '弹幕设置',
  subtitles: '字幕', settings: '设置', pip: '画中画', theatre: '影院模式', theatreOff: '退出影院模式',
  fullscreen: '全屏', fullscreenOff: '退出全屏', keyboardHelp: '键盘快捷键', close: '关闭',
  player: '播放器', controls: '播放控制', live: '直播', locked: '只有拥有控制权的人可以操作',

  liveStart: '观看直播', livePosition: '落后直播的位置', backToLive: '回到直播', behindBy: '落后直播 {n}', goBack10: '后退 10 秒，只影响自己',
  withEveryone: '与大家一致', behindLive: '落后于直播', notLiveYet: '尚未开播', liveEnded: '已结束', publisherBack: '主播重新连接中',
  liveDelay: '距镜头约', liveTarget: '大家的统一延迟', liveVia: '传输方式',
  liveWay: '延迟', together: '与大家一致', fast: '最短', togetherHelp: '约一秒，所有观众相同。', fastHelp: '约半秒，你会比其他人早看到。',
  pauseLive: '仅在此暂停', waitsFor: '等待 {name} 开播', waitsForAny: '等待直播开始', waitsText: '开播后会自动播放。',
  callsTitle: '正在连接来源', setUp: '设置推流', backFor: '{name} 正在重新连接', backForAny: '主播正在重新连接', backText: '画面会自动恢复。',
  overTitle: '直播已结束', overText: '如果 {name} 回来，这里会继续播放。', overTextAny: '如果主播回来，这里会继续播放。',
  goneTitle: '直播已不存在', goneText: '它被删除了，或不再在此显示。', liveFailedTitle: '直播没有传到这里', liveFailedText: '直播正在进行，但这里收不到画面，可能是网络太慢。',

  timeline: '播放位置', timelineValue: '{now}，共 {whole}', at: '{names} 在 {time}',
  hours: '{n} 小时', hour: '1 小时', minutes: '{n} 分', minute: '1 分', seconds: '{n} 秒', second: '1 秒',

  inSync: '已同步', adjusting: '微调中', catchingUp: '追赶中', loading: '加载中', measuring: '正在校准时钟',
  waitingFor: '等待 {names}', waitingFew: '等待 {n} 人', waiting: '等待中', pausedBy: '{name} 暂停了', paused: '已暂停',
  youPaused: '你在此暂停', freeMode: '自由观看', soundBlocked: '声音已关', reconnecting: '重新连接中', offline: '已离线', idle: '没有播放内容',
  ended: '已播完', cannotPlay: '无法在此播放',
  syncDetails: '同步详情', offset: '与房间的偏差', roundTrip: '往返延迟', clockError: '时钟误差上限', rate: '速度',
  buffer: '已缓冲', delay: '本设备声音延迟', delayHelp: '用于蓝牙耳机和电视，只对本设备有效。',
  follow: '跟随房间', tight: '紧密', normal: '普通', relaxed: '宽松', off: '关闭',
  tightHelp: '误差保持在几毫秒内。', normalHelp: '偏差超过 40 毫秒才校正。', relaxedHelp: '偏差很大才校正。', offHelp: '不会自动校正。',
  resync: '重新同步', free: '自己看', freeHelp: '房间照常播放，你自己决定看到哪里。', trace: '保存记录',

  show: '显示', opacity: '不透明度', size: '大小', speed: '速度', area: '显示区域', density: '数量', few: '少', some: '适中', all: '全部',
  blockedWords: '屏蔽包含以下词的弹幕', blockedHelp: '多个词用逗号分隔',

  none: '无', textSize: '字号', timing: '时间校正', earlier: '提前', later: '延后', noSubtitles: '此内容没有字幕。',
  subtitleFailed: '无法读取这个字幕。换一个，或请人给出可用的链接。', justYou: '只影响你自己。',

  roomSpeed: '所有人的速度', quality: '清晰度', auto: '自动', source: '来源', direct: '直连', proxied: '经由本服务器', loop: '循环',
  loopOff: '关闭', loopOne: '单个', loopAll: '整个队列', shortcuts: '键盘快捷键', showKeys: '查看按键',

  emptyTitle: '还没有内容', emptyText: '粘贴一个链接：影片、播放列表或直播。', emptyAction: '添加链接',
  emptyReadOnly: '请等待有控制权的人添加内容。', tapForSound: '点按打开声音', tapWhy: '在你点按之前，浏览器会让页面保持静音。',
  waitTitle: '等待 {names}', waitSeconds: '{n} 秒', waitText: '稍后会自动开始。', startAnyway: '直接开始',
  endedTitle: '播放完了', again: '再看一遍', addAnother: '再加一个', removedTitle: '此内容已被移除', removedText: '请从队列中另选一个。', openQueue: '打开队列',
  catchUp: '追上房间', retry: '重试', connecting: '连接中',
  buffering: '缓冲中', reconnectingText: '连接已断开，正按本机时钟继续播放。', audioOnly: '仅音频',
  codecTitle: '此浏览器无法播放', codecText: '它不支持这种画面或声音格式。换个浏览器，或换个文件。',
  expiredTitle: '链接已过期', expiredText: '地址已失效，重新获取也没有用。请重新添加链接。',
  blockedTitle: '被浏览器拦截', blockedText: '安全页面不能加载不安全的地址。请用 https:// 开头的链接。',
  missingTitle: '此地址没有内容', missingText: '来源服务器说没有这个文件。检查链接，或另选一个。',
  unreachableTitle: '来源没有响应', unreachableText: '它可能很慢、已停机，或不允许浏览器访问。请重试，或改为经由服务器。',
  resolveTitle: '没有可播放的地址', resolveText: '服务器无法得知如何播放此内容。检查链接，或另选一个。',

  playPause: '播放或暂停', tenSeconds: '后退或前进 10 秒', fiveSeconds: '后退或前进 5 秒', frames: '暂停时后退或前进一帧',
  percent: '跳到 0–90 %', rail: '侧栏', chat: '发消息', rateKeys: '为所有人减速或加速',
}
