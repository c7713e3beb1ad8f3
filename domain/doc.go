// Package domain holds the rules of the relief ledger: which commands of officers
// are accepted, which events they lead to, and the state that all events add up to.
// It reads no file and no clock, draws no random number and starts no goroutine; what
// a decision needs from outside is in [Env]. It knows people by ids and sealed values,
// never by name.
//
// # How it works
//
// An officer gives an [Order]. It has a [Command], for instance [ReceiveFunds], and
// the fields that go with every command, such as the acting officer and the business
// date. [Ledger.Decide] answers with a [Decision], which is a list of events for one
// stream, or with a [Refusal], which has a stable [Code] and a sentence in Chinese and
// in English. Decide changes nothing.
//
// Package eventstore/ledger appends the events to a store and numbers them. It then
// passes each one as a [Recorded] to [Ledger.Apply]. Apply folds the event into the
// [Ledger], which is the whole state, and returns the event's double entry as a list
// of [Posting]. Nothing else changes the state, so the same events always lead to the
// same state.
//
// A decision writes to one stream only. If something must follow in another stream,
// that is a [Step]. Folding the first event makes the step owed, [Ledger.Next] returns
// the oldest step that is owed, and applying the step's events ends it. What is owed
// follows from the events alone, so steps go on after a crash. They are never refused.
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
//     [Line] for each [Party] that is to receive something, and a line has one
//     [Entitlement] or more.
//  4. The list is published: [PublishNotice] -> [NoticePublished]. How long depends on
//     [Calendar.NoticePeriod]. Meanwhile anybody may object ([RaiseObjection],
//     [ResolveObjection]).
//  5. The list becomes final: [ConfirmNotice] -> [NoticeConfirmed]. A step follows in
//     the stream of the allocation: [LinesAdmitted], which makes an
//     [AdmittedLine] of every line, with a [Due] for each entitlement. From now
//     on the allocation alone decides what may be paid.
//  6. Payments are prepared: [PrepareBatch] -> [BatchPrepared]. Every [Row] of
//     the [Batch] is checked and gets its part of the draws; the money is
//     [Reserved].
//  7. A second officer approves: [ApproveBatch] -> [BatchApproved].
//  8. The cashier pays: [PayBatch] -> [BatchPaid]. Payment by bank takes two
//     commands, [SendBatchToBank] -> [BatchSentToBank] and, when the bank has
//     answered, [TakeBankResult] -> [BankResultTaken]. A step follows with one event
//     for each row. [DisbursementMade] makes a [Payment] and moves the money from
//     [Reserved] to [Paid]. [DisbursementRejected] moves it back to [Held].
//  9. Evidence is recorded: [RecordReceipt] -> [ReceiptRecorded].
//
// Value comes back the way it went out. From a payee it comes by [ReturnDisbursement]
// -> [DisbursementReturned]. From an allocation it goes up by [ReturnUnspent] ->
// [UnspentReturned] and the step [UnspentTakenBack].
//
// # Where to begin
//
// Read the package example, which opens a ledger and receives money. Then read
// [Event] and [Common], [Order] and [Ledger.Decide], [Ledger.Apply], and [Step].
// After these, any file can be read alone. Each has one concept: its types, events,
// commands and refusals, then decide, then fold. decide has the checks of a command, in
// the order in which an officer would make them. fold has what an event changes; it
// checks again all that it relies on, because another program may have written the
// event.
//
//   - How commands become events, and events the state: event.go, order.go,
//     irregular.go, refusal.go, ledger.go, history.go, effect.go, step.go,
//     unfinished.go, opening.go.
//   - Who acts: unit.go, officer.go, role.go, kinship.go.
//   - Where value is and how it moves: book.go, lot.go, origin.go, posting.go, fund.go,
//     goods.go, allocation.go, unspent.go, reversal.go, period.go.
//   - Who is to receive what: programme.go, notice.go, notice_state.go, heading.go,
//     line.go, listed.go, publication.go, objection.go, confirmation.go.
//   - What may be paid: admission.go, due.go, quota.go, nomination.go, stop.go,
//     payable.go.
//   - What was paid: batch.go, batch_state.go, batch_result.go, account.go,
//     payment.go, receipt.go, returns.go, again.go.
//   - What is known of people: party.go, headcount.go, membership.go, merge.go,
//     eligibility.go, papers.go, erasure.go.
//   - Who may see what: gate.go, seen.go, whose.go.
//   - What a campaign did besides: campaign.go, document.go.
//   - How values are read and written: id.go, money.go, words.go, quantity.go, day.go,
//     calendar.go, identity.go.
//   - How a history that others wrote is judged: judge.go, judge_signature.go,
//     judge_list.go, judge_event.go, judge_differ.go, judge_charge.go, and what is
//     found to be wrong: finding.go.
//
// The tests state the rules a second time. TestRefusals is the table of what is
// refused. TestRules sends random commands and checks the events with an auditor that
// shares no code with the decisions. TestExhaustive tries every short sequence of
// commands on a tiny ledger.
//
// # Where each rule is kept
//
// Below each rule stand the functions that keep it, with their files, then the codes
// with which a command is refused, then the codes with which a [Judge] charges an event
// of a history that others wrote. Many of the functions are not exported: go doc -u
// shows them. A test compares this whole comment with the code.
//
// Rule 1. Nothing goes below zero, and the postings of every event sum to zero.
//
//	Holdings.drawFrom  lot.go      chooses the lots from which value goes out on a day
//	decision.draw      book.go     refuses if they have too little
//	Holdings.take      lot.go      takes it from them when the event is folded, or changes nothing
//	Ledger.post        posting.go  writes both sides of an entry
//	Judge.balanced     judge.go    adds up the postings of each event
//	refused: NotEnoughMoney, NotEnoughGoods
//	charged: Unbalanced
//
// Rule 2. A payment pays what its own allocation has admitted. A payment that pays
// again what came back names it.
//
//	LinesAdmitted.fold    admission.go  admits the lines of a confirmed notice
//	paymentCheck.row      payable.go    looks for the admitted line and its entitlement
//	paymentCheck.again    payable.go    checks that what came back is named
//	Due.addBack           due.go        remembers what came back
//	decision.payment      payment.go    finds a payment of the allocation, for receipts and returns
//	RecordReceipt.decide  receipt.go    finds the payments of a batch
//	refused: NotAdmitted, AdmissionIncomplete, NoSuchEntitlement, RowTwice,
//	         MustNameReturn, NotItsReturn, NoSuchPayment, NothingPaid
//
// Rule 3. Value returns the way it went out, and never more of it than went out.
//
//	outflow.chooseBack         lot.go      chooses which draws come back, the last drawn first
//	outflow.remove             lot.go      takes them off what is still out when the event is folded
//	ReturnDisbursement.decide  returns.go  from a payee to the allocation
//	DemandRecovery.decide      returns.go  asks a payee for no more than was not returned
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
//	Judge.command      judge.go            judges whether it led to those, and to no others
//	Judge.signedText   judge_signature.go  judges whether the text is the signed one
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
// Rule 7. A fact happened first, then it is booked, then recorded, in an open period
// of its stream.
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
// Rules 8 to 12 are rules of conduct. A command that breaks one is refused, or its
// event is recorded as irregular if the order says so and a second officer signs.
//
//	decision.refuseOrMark  irregular.go  refuses or marks
//
// Rule 8. A list is published before money is prepared: with the right timing, length,
// calendar and places, and with no objection open.
//
//	Notice.notYetPayable   confirmation.go  says why a list may not be paid yet
//	paymentCheck.notice    payable.go       asks that for the rows of a batch
//	PublishNotice.decide   publication.go   publishes a reviewed list, in a phase of the programme
//	decision.checkHeading  publication.go   checks that the heading is complete
//	decision.checkPlaces   publication.go   compares the places with those of the programme
//	ConfirmNotice.decide   confirmation.go  makes the list final
//	Calendar.NoticePeriod  calendar.go      counts the days
//	refused: NotReviewed, NotPublished, NoticeRunning, ObjectionOpen,
//	         UrgencyMissing, WrongTiming, PlaceMissing, TooOpen,
//	         HeadingMissing, CalendarYearMissing
//
// Rule 9. No more is paid than was published, only in the published form, and nothing
// while the line is stopped.
//
//	paymentCheck.amounts   payable.go       compares a row with what is left of the entitlement
//	paymentCheck.row       payable.go       compares the form, and looks whether the line is stopped
//	decision.checkPayable  batch_result.go  looks once more when the batch is paid
//	ResumeLine.decide      stop.go          resumes no line that was struck
//	refused: AbovePublished, OtherForm, LineIsStopped, LineIsStruck
//
// Rule 10. Two people act, and no officer for the officer's own person or kin.
//
//	ReviewNotice.decide       notice.go        refuses the drafter of the list
//	ApproveBatch.decide       batch.go         refuses the preparer of the batch
//	decision.checkPayable     batch_result.go  refuses the preparer as payer
//	Disburse.decide           payment.go       refuses a payment without a batch
//	decision.notAboutKin      kinship.go       refuses a decision about the officer or kin
//	decision.secondIsNoPayee  kinship.go       refuses a second officer who is paid, or whose kin is
//	decision.checkClaims      irregular.go     refuses the actor as second officer
//	decision.checkRole        officer.go       refuses roles that one officer must not have together
//	decision.checkNewKey      officer.go       refuses a key of another officer
//	refused: SamePerson, DecidesForKin, NoBatch, RolesIncompatible, KeyInUse,
//	         NeedsSecond
//
// Rule 11. Money is used for its earmark, and within the programme's categories,
// standards and cap.
//
//	Allocate.open          allocation.go  compares the purpose with earmark and programme
//	Programme.InForceOn    programme.go   finds the rules that are in force
//	lineCheck.row          listed.go      checks the category of a line, and that the person is alive
//	lineCheck.exclusive    listed.go      checks the other categories of the person
//	lineCheck.entitlement  listed.go      checks form, standard and cap
//	paymentCheck.needs     payable.go     checks what must come before a payment
//	refused: OutsideEarmark, OutsideProgramme, OtherPurpose, ProgrammeNotInForce,
//	         CategoryUnknown, Exclusive, FormNotAllowed, OffStandard, AboveCap,
//	         PayeeIsDead, NeedMissing
//
// Rule 12. Quotas and deadlines are kept.
//
//	Ledger.countQuota             quota.go         marks the lines over quota
//	paymentCheck.row              payable.go       refuses to pay them
//	lineCheck.nomination          listed.go        checks the nomination of a line and its deadline
//	CompletePapers.decide         papers.go        checks the days for papers
//	decision.checkRecordedInTime  batch_result.go  checks the days for the record of a payment
//	refused: OverQuota, NominationLate, NominationMissing, PapersLate, RecordLate
//
// No rule. A command makes no sense, or not at this moment. An event is not one that
// this program would write.
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
