// Package domain holds the rules of the relief ledger: which commands of
// officers are let in, which events they lead to, and the state that all events
// add up to. It is pure. It reads no file, asks no clock, draws no random number
// and starts no goroutine; what a decision needs from outside is in [Env]. Of
// people it knows ids and sealed values, never a name.
//
// # How it works
//
// An officer gives an [Order]: a [Command], for instance [ReceiveFunds], and
// what is said beside every command, such as who acts and the business date.
// [Ledger.Decide] answers with a [Decision], the events to append to one stream,
// or with a [Refusal], which has a stable [Code] and a sentence in Chinese and
// English. It changes nothing.
//
// Whoever keeps the events (package eventstore/ledger) appends them and gives
// each, numbered, as a [Recorded] to [Ledger.Apply]. Apply folds the event into
// the [Ledger], which is the whole state, and returns the event's double entry
// as a list of [Posting]. Nothing else changes the state, so the same events
// always give the same state.
//
// A decision writes to one stream only. What has to follow in another stream is
// a [Step]: the fold of the first event leaves it owed, [Ledger.Next] says what
// is owed, and the debt is paid when the events of the step are applied. Nothing
// about steps is stored, so they go on after a crash. They are never refused.
//
// # One payment, from the source to the hand
//
// This is what TestOnePayment does. An arrow leads from a command to its event.
//
//  1. Money comes in: [ReceiveFunds] -> [FundsReceived]. The [Fund] gets a [Lot]
//     whose [Origin] is this event. The postings take 1,300.00 yuan from
//     [FromSource] to [Held].
//  2. It is allocated: [Allocate] -> [AllocationMade], which lists the lots it
//     draws, each a [Draw]; the money is in [Transit]. A step follows in the
//     stream of the new [Allocation]: [AllocationOpened], with lots of the same
//     origin, [Held] there.
//  3. A list is made: [DraftNotice] -> [NoticeDrafted], [AddLines] ->
//     [NoticeLinesAdded], [ReviewNotice] -> [NoticeReviewed]. The [Notice] has a
//     [Line] for each [Party] who is to receive something, and a line has one or
//     more of [Entitlement].
//  4. It is published: [PublishNotice] -> [NoticePublished], for as long as
//     [Calendar.NoticePeriod] says. Until the end anybody may object
//     ([RaiseObjection], [ResolveObjection]).
//  5. It becomes final: [ConfirmNotice] -> [NoticeConfirmed]. A step follows in
//     the stream of the allocation: [LinesAdmitted], which makes an
//     [AdmittedLine] of every line, with a [Due] for each entitlement. From now
//     on the allocation alone decides what may be paid.
//  6. Payments are prepared: [PrepareBatch] -> [BatchPrepared]. Every [Row] of
//     the [Batch] is checked and gets its part of the draws; the money is
//     [Reserved].
//  7. A second officer approves: [ApproveBatch] -> [BatchApproved].
//  8. The cashier pays: [PayBatch] -> [BatchPaid]; by bank it is
//     [SendBatchToBank] -> [BatchSentToBank] and, with the bank's answer,
//     [TakeBankResult] -> [BankResultTaken]. A step follows with one event for
//     each row: [DisbursementMade], which makes a [Payment] and takes the money
//     from [Reserved] to [Paid], or [DisbursementRejected], which gives the row's
//     money back.
//  9. Evidence is recorded: [RecordReceipt] -> [ReceiptRecorded].
//
// Value comes back along the same edges: [ReturnDisbursement] ->
// [DisbursementReturned] from a payee, and [ReturnUnspent] -> [UnspentReturned],
// followed by the step [UnspentTakenBack], from an allocation.
//
// # Where to begin
//
// Read the package example, which opens a ledger and receives money. Then read
// [Event] and [Common], [Order] and [Ledger.Decide], [Ledger.Apply], and [Step].
// After these, any file can be read alone: it has one concept, with its types,
// events, commands and refusals, then decide (what a command is checked for, in
// the order in which an officer would look), then fold (what an event changes).
// fold checks again all that it relies on, because an event may have been
// written by another program.
//
//   - How commands become events, and events the state: event.go, order.go,
//     irregular.go, refusal.go, ledger.go, history.go, effect.go, step.go,
//     unfinished.go, opening.go.
//   - Who acts: unit.go, officer.go, role.go, kinship.go.
//   - Where value stands and moves: book.go, lot.go, origin.go, posting.go, fund.go,
//     goods.go, allocation.go, unspent.go, reversal.go, period.go.
//   - Who is to receive what: programme.go, notice.go, notice_state.go, heading.go,
//     line.go, listed.go, publication.go, objection.go, confirmation.go.
//   - What may be paid: admission.go, due.go, quota.go, nomination.go, stop.go,
//     payable.go.
//   - What was paid: batch.go, batch_state.go, batch_result.go, account.go,
//     payment.go, receipt.go, returns.go, again.go.
//   - Of whom the ledger tells: party.go, headcount.go, membership.go, merge.go,
//     eligibility.go, papers.go, erasure.go.
//   - Who may see it: gate.go, seen.go, whose.go.
//   - The story around it: campaign.go, document.go.
//   - What things are written as: id.go, money.go, words.go, quantity.go, day.go,
//     calendar.go, identity.go.
//   - Who judges a history that others wrote: judge.go, judge_signature.go,
//     judge_list.go, judge_event.go, judge_differ.go, judge_charge.go, and what is
//     found to be wrong: finding.go.
//
// The tests say the rules once more. TestRefusals is the table of what may not be
// done. TestRules gives random commands and lets an auditor judge who shares no
// code with the decisions. TestExhaustive tries every sequence of commands on a
// tiny ledger.
//
// # Where each rule is kept
//
// The twelve rules are those of the design, section 5. Each has here the
// functions that keep it and their files, the codes with which a command is
// refused, and those with which a [Judge], who reads a history that others wrote,
// charges an event. A test compares all of this comment with the code.
//
// Rule 1. Nothing goes below zero, and the postings of every event sum to zero.
//
//	Holdings.drawFrom  lot.go      chooses the lots that go out, of those there on that day
//	decision.draw      book.go     refuses where they are too little
//	Holdings.take      lot.go      takes them when the event is folded, or changes nothing
//	Ledger.post        posting.go  writes both sides of an entry
//	Judge.balanced     judge.go    adds up the postings of each event
//	refused: NotEnoughMoney, NotEnoughGoods
//	charged: Unbalanced
//
// Rule 2. A payment pays what its own allocation has admitted, and what is paid
// again names what came back.
//
//	LinesAdmitted.fold    admission.go  admits the lines of a confirmed notice
//	paymentCheck.row      payable.go    looks for the admitted line and its entitlement
//	paymentCheck.again    payable.go    wants what came back to be named
//	Due.addBack           due.go        remembers what came back
//	decision.payment      payment.go    finds a payment of the allocation, for receipts and returns
//	RecordReceipt.decide  receipt.go    finds the payments of a batch
//	refused: NotAdmitted, AdmissionIncomplete, NoSuchEntitlement, RowTwice,
//	         MustNameReturn, NotItsReturn, NoSuchPayment, NothingPaid
//
// Rule 3. Value returns along the edge by which it came, never more of it than
// went out.
//
//	outflow.chooseBack         lot.go      chooses what comes back, the last drawn first
//	outflow.remove             lot.go      counts it when the event is folded
//	ReturnDisbursement.decide  returns.go  from a payee to the allocation
//	DemandRecovery.decide      returns.go  asks a payee for no more than is out
//	ReturnUnspent.decide       unspent.go  from an allocation to the stream above
//	UnspentTakenBack.fold      unspent.go  receives it there
//	SurrenderFunds.decide      fund.go     from a fund to the source of the money
//	refused: ReturnAbovePaid, PaymentReversed, NotFromSource
//
// Rule 4. Nothing is edited. An entry is reversed once; a fact without value is
// replaced by another of its kind.
//
//	ReverseEntry.decide    reversal.go  checks that an entry can be reversed
//	Ledger.entryOf         reversal.go  knows the entries of a book that can
//	EntryReversed.fold     reversal.go  undoes the entry
//	decision.findReplaced  order.go     finds the fact that is put right
//	refused: NotReversible, ReversedAlready, BadReplace
//	charged: EventTwice
//
// Rule 5. The same command sent twice has one effect; the same id with other
// content is refused.
//
//	Ledger.Done        effect.go           answers a command that was accepted before
//	Ledger.noteEffect  effect.go           remembers which events a command led to
//	Judge.command      judge.go            judges that they are those, and no more
//	Judge.signedText   judge_signature.go  judges that the text is the signed one
//	refused: OtherContent
//	charged: DigestWrong, SaysOtherwise, ListDiffers, CommandTwice, EventExtra
//
// Rule 6. No float anywhere, and no amount above [MaxFen].
//
//	ParseFen             money.go     reads an amount
//	Yuan.UnmarshalJSON   money.go     refuses a JSON number
//	SplitBy              money.go     divides an amount so that every fen goes to somebody
//	ParseQuantity        quantity.go  reads a quantity of goods
//	ReceiveFunds.decide  fund.go      bounds the sum of all that comes in
//	refused: AmountUnreadable, AmountTooFine, AmountTooLarge, AmountNotText,
//	         SplitImpossible, QuantityUnreadable, TooMuchMoney
//
// Rule 7. It happened, then it is booked, then recorded, in an open period of
// its stream.
//
//	decision.checkDates   order.go   checks the dates of every order
//	Ledger.closedThrough  period.go  is the last day for which a stream is closed
//	CloseBooks.decide     period.go  closes a period that is over
//	decision.batch        batch.go   books nothing before the batch that it follows
//	Ledger.LastRecorded   ledger.go  is the time before which nothing more is recorded
//	Judge.dates           judge.go   judges the same of an event without an order
//	refused: NotYetHappened, DateInFuture, PeriodIsClosed, BookedBefore,
//	         PeriodNotOver, AlreadyClosed
//	charged: TimeBackwards
//
// Rules 8 to 12 are rules of conduct. What breaks one is refused, or recorded as
// irregular if the order says so and a second officer signs.
//
//	decision.refuseOrMark  irregular.go  refuses or marks
//
// Rule 8. A notice before money is prepared: its timing, length and calendar,
// its places, and no objection open.
//
//	Notice.notYetPayable   confirmation.go  says what stands between a list and money
//	paymentCheck.notice    payable.go       asks that for every row of a batch
//	PublishNotice.decide   publication.go   publishes what is reviewed, in a phase of the programme
//	decision.checkHeading  publication.go   wants what must stand on a notice
//	decision.checkPlaces   publication.go   compares the places with those of the programme
//	ConfirmNotice.decide   confirmation.go  makes the list final
//	Calendar.NoticePeriod  calendar.go      counts the days
//	refused: NotReviewed, NotPublished, NoticeRunning, ObjectionOpen,
//	         UrgencyMissing, WrongTiming, PlaceMissing, TooOpen,
//	         HeadingMissing, CalendarYearMissing
//
// Rule 9. No more than published, in the published form, not while the line is
// stopped.
//
//	paymentCheck.amounts   payable.go       compares a row with what is left of the entitlement
//	paymentCheck.row       payable.go       compares the form, and looks whether the line is stopped
//	decision.checkPayable  batch_result.go  looks once more when the batch is paid
//	ResumeLine.decide      stop.go          resumes no line that was struck
//	refused: AbovePublished, OtherForm, LineIsStopped, LineIsStruck
//
// Rule 10. Two people, and nobody for himself or kin.
//
//	ReviewNotice.decide       notice.go        by another than who drafted
//	ApproveBatch.decide       batch.go         by another than who prepared
//	decision.checkPayable     batch_result.go  paid by another than who prepared
//	Disburse.decide           payment.go       no payment without a batch
//	decision.notAboutKin      kinship.go       nobody decides for himself or kin
//	decision.secondIsNoPayee  kinship.go       nor vouches for money to himself or kin
//	decision.checkClaims      irregular.go     the second officer is another
//	decision.checkRole        officer.go       roles that one officer must not have together
//	decision.checkNewKey      officer.go       no key for two officers
//	refused: SamePerson, DecidesForKin, NoBatch, RolesIncompatible, KeyInUse,
//	         NeedsSecond
//
// Rule 11. The earmark, the programme's categories, standards and cap.
//
//	Allocate.open          allocation.go  compares the purpose with earmark and programme
//	Programme.InForceOn    programme.go   finds the rules that are in force
//	lineCheck.row          listed.go      checks the category of a line, and that its person lives
//	lineCheck.exclusive    listed.go      checks the other categories of the person
//	lineCheck.entitlement  listed.go      checks form, standard and cap
//	paymentCheck.needs     payable.go     checks what must come before a payment
//	refused: OutsideEarmark, OutsideProgramme, OtherPurpose, ProgrammeNotInForce,
//	         CategoryUnknown, Exclusive, FormNotAllowed, OffStandard, AboveCap,
//	         PayeeIsDead, NeedMissing
//
// Rule 12. Quotas and deadlines.
//
//	Ledger.countQuota             quota.go         marks the lines over quota
//	paymentCheck.row              payable.go       refuses to pay them
//	lineCheck.nomination          listed.go        checks the nomination of a line and its deadline
//	CompletePapers.decide         papers.go        checks the days for papers
//	decision.checkRecordedInTime  batch_result.go  checks the days for the record of a payment
//	refused: OverQuota, NominationLate, NominationMissing, PapersLate, RecordLate
//
// No rule. A command makes no sense, or not at this moment; an event is not one
// that this program would write.
//
//	Ledger.Decide        order.go  checks what every order must have
//	decision.checkActor  role.go   checks that an officer has the role for the command
//	Judge.Event          judge.go  judges an event
//	refused: UnknownActor, ActorLeft, RoleMissing,
//	         NoSuch, FieldMissing, FieldWrong, AlreadyExists, NotOpen,
//	         DateMissing, NoSuchDay, BackwardSpan,
//	         NotABreach, NotIrregular, TooManyRows, ListIncomplete,
//	         LedgerIsOpen, UnitHasOpen, TooDeep, RoleUnknown, KeyWrong,
//	         FiledByAnother, TermsWrong, CalendarWrong, PeriodWrong,
//	         AmountNotPositive, HasLeft, NothingCounted, NothingThere,
//	         NotUnderUnit, NominationDone, LineNotStopped,
//	         NotADraft, NoticeIsFinal, NoticeEmpty, PublishedTwice,
//	         WhyOtherPayee, ObjectionDone, SupplementWrong,
//	         BatchIs, NotTheForm, NoSuchRow, AccountMissing, ResultMismatch,
//	         NotUnidentified, IsMerged, NeedIsMet,
//	         IsErased, MoneyIsOpen, RetentionRuns, RetentionUnstated,
//	         NothingToConfirm,
//	         NumberLength, NumberCheck, NumberDate, NumberFloat, CreditWrong,
//	         DivisionWrong, AccountWrong
//	charged: Unreadable, ForeignBytes, NotFolded, StreamUnknown, RevisionWrong,
//	         SaltMissing, SchemaUnknown, NobodyAnswers, TextMissing, TextWrong,
//	         NotSigned, SignatureBad, NotOfficersKey, EventDiffers, EventsMissing,
//	         StepNotOwed
package domain
