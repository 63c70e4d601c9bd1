import type { ApiErrorCode } from '@commitlog/api';

/** What a person can do about each error that a server tells. */
export const advice: Readonly<Record<ApiErrorCode, string>> = {
  MALFORMED_MESSAGE:
    'use a client of the same protocol: something else than this service speaks to the port, or a proxy changes what passes',
  INVALID_REQUEST: 'correct the field that `field` names',
  INVALID_LOG_NAME: 'name a log by letters, digits, ".", "_" and "-"; today there is one, `default`',
  INVALID_OFFSET: 'ask for an offset from 0 to 2^53−1',
  INVALID_BATCH:
    'send batches as a library of this project encodes them, each once and unchanged; `problem` says what is wrong',
  OFFSET_OUT_OF_RANGE:
    'read from an offset within the bounds: `commitlog log info` tells them. What retention has removed is gone; what is past the end is not there yet: follow the log instead',
  LOG_NOT_FOUND: 'use the log `default`: today there is no other',
  MEMBER_NOT_FOUND:
    '`commitlog cluster members` lists the nodes that are known. A new node is known once it runs and gossip has seen it',
  MEMBER_EXISTS: 'nothing: it is a member',
  GOSSIP_KEY_NOT_FOUND:
    '`commitlog keyring list` lists the keys; a new one is installed first, by `commitlog keyring install`',
  OFFSET_MISMATCH:
    'somebody else has appended: read what came from `expected` on, decide again, and append at `actual`',
  UNKNOWN_PRODUCER:
    'open the producer again, and go on with its next sequence. It is forgotten when many others were opened since',
  PRODUCER_FENCED:
    'another process has opened a producer of that name: run one of them, or give each a name of its own',
  SEQUENCE_GAP:
    "send the missing batches first, in order; a client of this project does so by itself: two programs may share one producer's id",
  SEQUENCE_FORGOTTEN: 'find out by reading whether the batch is there; then open the producer again',
  CHANGE_IN_PROGRESS:
    'wait until `commitlog cluster status` shows no change under way, and try again. A change that stays needs a quorum of the old and of the new voters',
  GOSSIP_KEY_IN_USE:
    'rotate in order: install on all, use, remove. `commitlog keyring list` shows who has and who uses which key',
  WRONG_CLUSTER:
    'check `--join` and the data directory: one of the two nodes was given the address, or the disk, of another cluster',
  WRONG_NODE:
    'another node answers at that address, or the same with another disk: check addresses; otherwise wait until the cluster has noticed',
  PROTOCOL_MISMATCH: 'upgrade the older of the two nodes; leave out no version between',
  NOT_LEADER: 'ask the leader, at `leader_address`; clients of this project do so by themselves',
  NO_LEADER:
    'wait: an election takes a second or two. If it lasts, a quorum of voters does not run or cannot be reached: `commitlog cluster status`',
  STOPPING: 'ask another server; this one was told to stop',
  NODE_FAILED:
    "look into the node's log: its disk has failed a sync or lies. The others go on; replace the disk, and start the node anew",
  OUTCOME_UNKNOWN: 'find out by reading; or retry with a producer, which never doubles',
  OVERLOADED:
    'wait as long as `RetryInfo` says, send less at once, or find out what slows the leader: its disk, or followers far away',
  NO_SPACE:
    "make room on the leader's disk, or move the log's start: `commitlog log trim`, or retention. Appends go on by themselves then",
  MESSAGE_TOO_LARGE: 'send smaller batches: a batch has 1 MiB at most',
  CANCELLED: 'nothing, if it was you who cancelled; otherwise the connection was lost',
  UNKNOWN: "read the message, and the server's log",
  INVALID_ARGUMENT: 'correct the request as the message says',
  DEADLINE_EXCEEDED:
    'see whether the cluster is well: `commitlog cluster status`. If it is only slow, give more time: --deadline',
  NOT_FOUND: 'check the name in the request',
  ALREADY_EXISTS: 'nothing, if that is what you wanted',
  PERMISSION_DENIED:
    "have a line added to the policy; `commitlog acl explain` says which line decides. A client's name is its certificate's: `commitlog cert inspect`",
  RESOURCE_EXHAUSTED: 'ask for less at once, or raise the limit that the message names',
  FAILED_PRECONDITION: 'read the message: it says what must be so first',
  ABORTED: 'look again, and decide anew',
  OUT_OF_RANGE: 'ask within the bounds',
  UNIMPLEMENTED: 'upgrade the server, or use an older client: the server does not know the method',
  INTERNAL: "look for `id` in the server's log, and report what stands there: it is a defect",
  UNAVAILABLE:
    'check the address, whether the server runs, and the certificates: a handshake that fails looks like this, too',
  DATA_LOSS: 'restore from a backup; keep the disks as they are until then',
  UNAUTHENTICATED:
    "look at your certificate: `commitlog cert inspect`. Was it issued by the cluster's authority, for one identity?",
};
