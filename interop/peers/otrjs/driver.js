// One end of a conversation spoken by the npm package `otr` (OTR.js), driven line by line (see ../../PROTOCOL.md).
'use strict'
const fs = require('fs')
const readline = require('readline')

// The package sends through setTimeout(0). Its jobs run inside the command that caused them, so that `done` means done.
const jobs = []
const realSetTimeout = global.setTimeout
global.setTimeout = (f, ms, ...a) => ms ? realSetTimeout(f, ms, ...a) : jobs.push(() => f(...a))
const drain = () => { while (jobs.length) jobs.shift()() }
const { OTR, DSA } = require('otr')

const PIECE_HEADER = 36 // longest "?OTR|tag|tag,k,n," with its closing comma
const LEAST_PIECE = 1

const die = (...words) => { console.error('otrjs driver:', ...words); process.exit(2) }
const say = line => fs.writeSync(1, line + '\n')
const enc = bytes => Buffer.from(bytes).toString('hex') || '-'
const latin = string => enc(Buffer.from(string, 'latin1'))
const dec = word => word === '-' ? Buffer.alloc(0) : Buffer.from(word, 'hex')

class Refused extends Error {}

// Texts are JavaScript strings in the package: bytes that are no UTF-8 cannot be given to it.
function text (word) {
  const bytes = dec(word), string = bytes.toString('utf8')
  if (!Buffer.from(string, 'utf8').equals(bytes)) throw new Refused('not-utf8')
  return string
}

const [me, peer, ...rest] = process.argv.slice(2)
if (!peer) die('usage: driver ME PEER [versions=23] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH] [repair=yes]')
const args = { versions: '23', policy: 'manual', fragment: '0', instance: '', keyfile: '', repair: 'no' }
for (const word of rest) {
  const at = word.indexOf('=')
  if (at < 0 || !(word.slice(0, at) in args)) die('bad argument', word)
  args[word.slice(0, at)] = word.slice(at + 1)
}

function loadKey (path) {
  if (path && fs.existsSync(path)) return DSA.parsePrivate(fs.readFileSync(path, 'latin1').trim())
  const key = new DSA()
  if (path) fs.writeFileSync(path, key.packPrivate() + '\n', { mode: 0o600 })
  return key
}

// The package writes the secret r of a key exchange as a number: it loses leading zeros, and reads the rest at the wrong
// place. One exchange in sixteen fails so, with every peer. `repair=yes` mends it, for runs that judge something else.
if (args.repair === 'yes') {
  const numbers = require('otr/vendor/bigint.js'), write = numbers.bigInt2str, draw = numbers.randBigInt
  numbers.bigInt2str = (n, base) => base === 16 ? write(n, base).padStart(32, '0') : write(n, base)
  numbers.randBigInt = (bits, s) => {
    for (;;) {
      const n = draw(bits, s)
      if (bits !== 128 || write(n, 16).length > 30) return n
    }
  }
}

const limit = Number(args.fragment)
const otr = new OTR({
  priv: loadKey(args.keyfile),
  // The package counts the body of a piece only; the carrier counts all of it.
  fragment_size: limit ? Math.max(LEAST_PIECE, limit - PIECE_HEADER) : 0,
  instance_tag: args.instance ? Buffer.from(args.instance, 'hex').toString('latin1') : undefined
})
otr.ALLOW_V2 = args.versions.includes('2')
otr.ALLOW_V3 = args.versions.includes('3')
switch (args.policy) {
  case 'manual': break
  case 'tag': otr.SEND_WHITESPACE_TAG = otr.WHITESPACE_START_AKE = true; break
  case 'opportunistic': otr.SEND_WHITESPACE_TAG = otr.WHITESPACE_START_AKE = otr.ERROR_START_AKE = true; break
  case 'always': otr.REQUIRE_ENCRYPTION = otr.WHITESPACE_START_AKE = otr.ERROR_START_AKE = true; break
  default: die('no such policy:', args.policy)
}

const STATES = ['plaintext', 'encrypted', 'finished']
const AUTH = ['none', 'awaiting-dhkey', 'awaiting-revealsig', 'awaiting-sig']
let wasPrivate = false // before the present command
let command = ''
let errorArrived = false // the message being read is an error message of the correspondent
let lastUse = '00000000'

otr.on('io', m => say('wire ' + enc(Buffer.from(m, 'utf8'))))
otr.on('ui', (m, encrypted) => say((encrypted ? 'text ' : 'clear ') + enc(Buffer.from(m, 'utf8'))))
otr.on('status', status => {
  if (status === OTR.CONST.STATUS_AKE_SUCCESS) say(wasPrivate ? 'event refreshed' : 'event encrypted')
  if (status === OTR.CONST.STATUS_END_OTR && command === 'recv') say('event finished')
})
otr.on('smp', (kind, data) => {
  if (kind === 'question') say('event smp-asked' + (data ? ' ' + enc(Buffer.from(data, 'utf8')) : ''))
  else if (kind === 'trust') say(data ? 'event smp-success' : 'event smp-failure')
  else if (kind === 'abort' && command === 'recv') say('event smp-aborted')
})
otr.on('file', (direction, key, name) => {
  const hex = latin(key)
  if (direction === 'send') say('extrakey ' + hex)
  else say(`event extrakey ${lastUse} ${enc(Buffer.from(name, 'utf8'))} ${hex}`)
})
otr.on('error', (words, severity) => {
  if (errorArrived) say('event error ' + enc(Buffer.from(words.trim(), 'utf8')))
  else if (/different session/.test(words)) say('event other-instance')
  else if (/cannot be sent/.test(words)) say('refused finished')
  else if (severity === 'error' && command === 'recv') say('event unreadable')
  else say('event note ' + words)
})
// The package drops the four bytes that tell what an extra key is for.
const handleTLVs = otr.handleTLVs
otr.handleTLVs = function (tlvs, keys) {
  for (let at = 0; at + 4 <= tlvs.length;) {
    const b = Buffer.from(tlvs.slice(at, at + 8), 'latin1')
    if (b.readUInt16BE(0) === 8 && b.length === 8) lastUse = b.toString('hex', 4, 8)
    at += 4 + b.readUInt16BE(2)
  }
  return handleTLVs.call(this, tlvs, keys)
}

function showState () {
  const secret = otr.msgstate === OTR.CONST.MSGSTATE_ENCRYPTED
  const version = secret && otr.ake.otr_version ? otr.ake.otr_version.charCodeAt(1) : 0
  const theirs = otr.their_priv_pk ? otr.their_priv_pk.fingerprint() : '-'
  const auth = AUTH[otr.authstate]
  say(`state ${STATES[otr.msgstate]} version=${version} ssid=${secret && otr.ssid ? latin(otr.ssid) : '-'} ` +
    `half=${!secret ? '-' : otr.transmittedRS ? 'first' : 'second'} ours=${otr.priv.fingerprint()} theirs=${theirs} ` +
    `trust=- auth=${auth}`)
  say(`instance ours=${latin(otr.our_instance_tag)} theirs=${latin(otr.their_instance_tag)} ${STATES[otr.msgstate]} ` +
    `auth=${auth} version=${version}`)
}

function needPrivate () {
  if (otr.msgstate !== OTR.CONST.MSGSTATE_ENCRYPTED) throw new Refused('not-private')
}

function smp (words, mayAsk) {
  needPrivate()
  // With an exchange waiting for our secret the same call answers it.
  otr.smpSecret(text(words[1]), mayAsk && words[2] ? text(words[2]) : undefined)
}

const obey = {
  caps () {
    say('caps v2 v3 query tag simultaneous smp question abort extrakey fragment end refresh-answer instances keyfile state-ssid')
    say('cannot v1 the package does not know version 1')
    say('cannot heartbeat-due the package never sends heartbeats by itself')
    say('cannot heartbeat-seen an empty data message is dropped without an event')
    say('cannot smp-cheated a failed proof is answered with an abort and reported as one')
    say('cannot each-start one key exchange in sixteen fails: a leading zero of the commit key r gets lost; ask again')
    say('cannot refresh-ask once keys have rotated, a refresh it asked for leaves both ends unable to read')
    say('cannot refresh-texts it reads what was under way when a query came with the wrong instance tags, and if it can ' +
      'read it the new exchange goes on with keys that have rotated meanwhile')
    say('cannot start-again after an end it goes on with its first key and a key id that has moved on')
    say('cannot half-again the half is never taken back: after the roles have changed both ends show the first')
    say('cannot smp-after-refresh the SMP state keeps the first session id and its messages are dropped afterwards')
    say('cannot extrakey-use the use is always 00000001, the data a file name in UTF-8, version 3 only')
    say('cannot bytes texts are strings: bytes that are no UTF-8 are refused')
    say('cannot to one conversation knows one instance of the correspondent')
  },
  start () { otr.sendQueryMsg() },
  say (words) { otr.sendMsg(text(words[1])) },
  recv (words) {
    const m = dec(words[1])
    errorArrived = m.includes('?OTR Error:')
    // Bytes of the carrier that are no UTF-8 reach the package as they would reach a browser: with replacements.
    otr.receiveMsg(m.toString('utf8'))
  },
  smp (words) { smp(words, true) },
  answer (words) { smp(words, false) },
  abort () {
    needPrivate()
    if (!otr.sm) throw new Refused('nothing-to-abort')
    otr.sm.abort()
  },
  extrakey (words) {
    needPrivate()
    if (words[1] !== '00000001') return say('cannot extrakey the use is always 00000001')
    otr.sendFile(text(words[2]))
  },
  heartbeat (words) {
    needPrivate()
    if (words[1]) return say('cannot heartbeat the package never sends one by itself')
    otr.sendMsg('')
  },
  end () { otr.endOtr() },
  tick () {},
  state: showState
}

// Input is read line by line without waiting for the event loop: jobs belong to the command before them.
readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on('line', line => {
  const words = line.split(' ')
  command = words[0]
  if (command === 'quit') process.exit(0)
  wasPrivate = otr.msgstate === OTR.CONST.MSGSTATE_ENCRYPTED
  errorArrived = false
  try {
    if (obey[command]) obey[command](words)
    else say(`cannot ${command} the package has no such call`)
    drain()
  } catch (e) {
    jobs.length = 0
    say('refused ' + (e instanceof Refused ? e.message : 'panic ' + String(e.message || e).replace(/\n/g, ' ')))
  }
  say('done')
})
