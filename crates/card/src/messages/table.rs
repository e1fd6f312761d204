//! The table itself: name, English, Chinese. `{words}` are filled in by whoever uses the text.

/// Makes the enum and its table from one list, so that no message can be without a language.
macro_rules! messages {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// A text, by what it is for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Message { $($name,)* }

        pub(super) const MESSAGES: &[(Message, &str, &str)] = &[$((Message::$name, $english, $chinese),)*];
    };
}

messages! {
    January: "January", "一月";
    February: "February", "二月";
    March: "March", "三月";
    April: "April", "四月";
    May: "May", "五月";
    June: "June", "六月";
    July: "July", "七月";
    August: "August", "八月";
    September: "September", "九月";
    October: "October", "十月";
    November: "November", "十一月";
    December: "December", "十二月";

    // Words used on several papers.
    Outlet: "Outlet", "网点";
    Employer: "Employer", "单位";
    Batch: "Batch", "批次";
    Package: "Package", "申请包";
    Bundle: "Bundle", "包";
    Cards: "Cards", "卡数";
    Card: "Card", "卡号";
    Name: "Name", "姓名";
    NameZh: "Chinese name", "中文名";
    Application: "Application", "申请编号";
    Applications: "Applications", "申请";
    Receipt: "Receipt", "回执";
    Date: "Date", "日期";
    Telephone: "Telephone", "电话";
    Box: "Box", "箱";
    Tray: "Tray", "盘";
    Position: "Position", "位置";
    Accepted: "Accepted", "受理";
    Held: "Held", "待定";
    Rejected: "Rejected", "退回";
    Produced: "Produced", "已制卡";
    Reason: "Reason", "原因";
    Code: "Code", "代码";
    GreenChannel: "Green channel", "绿色通道";
    From: "From", "寄件人";
    Recipient: "To", "收件人";

    // Packing lists, labels and notices.
    PackingList: "Packing list", "装箱清单";
    PackedBy: "Packed by", "装箱";
    CountedBy: "Counted by", "清点";
    ReceivedBy: "Received by", "签收";
    StaffList: "Employer's handover list", "单位领卡清单";
    Staff: "Employer's staff", "单位专办员";
    AuthorisationLetter: "Letter of authorisation", "授权委托书";
    Letter: "Letter", "委托书";
    Signature: "Signature", "签名";
    HandedOverBy: "Handed over by", "移交";
    MailFee: "Fee", "邮费";
    NoticeBundle: "{cards} cards of batch {batch} are on their way to outlet {outlet}.", "批次 {batch} 的 {cards} 张社会保障卡已发往网点 {outlet}。";
    NoticeEmployer: "{cards} social security cards of your employees are on their way to outlet {outlet}: batch {batch}, bundle {bundle}, box {boxes}. Your designated staff collects them there with the letter of authorisation {letter}.", "贵单位员工的 {cards} 张社会保障卡已发往网点 {outlet}：批次 {batch}，包 {bundle}，箱 {boxes}。请专办员持授权委托书 {letter} 前往领取。";
    NoticeReceipts: "Receipt numbers: {receipts}.", "回执编号：{receipts}。";
    NoticeCollect: "Your social security card is made. Outlet {outlet} will tell you when to collect it.", "您的社会保障卡已制作完成，网点 {outlet} 将通知您领取。";
    NoticeMailed: "Your social security card is made and will be mailed to you.", "您的社会保障卡已制作完成，将邮寄给您。";
    NoticeReceipt: "Your receipt number is {receipt}.", "您的回执编号为 {receipt}。";

    // What to do about mail and boxes that did not arrive.
    MailNewAddress: "The outlet asks the person for an address, or takes the card in and hands it out.", "由网点联系本人确认地址，或由网点接收后发放。";
    MailAtOutlet: "It lies at outlet {outlet} to be collected.", "卡片在网点 {outlet} 待领。";
    MailDestroy: "Nobody took it in {days} days. Two people destroy it.", "{days} 天无人领取，由两人监督销毁。";
    DeliveryTrace: "Ask the courier where it is. What is lost is reported and made again.", "请向承运方查询；确认遗失的，登记后重新制卡。";
    BoxSendAgain: "Send the box to outlet {outlet} again.", "请将该箱重新发往网点 {outlet}。";
    DeliverySettled: "Nothing to do.", "无需处理。";

    // Job sheets.
    JobSheet: "Job sheet", "作业单";
    JobOf: "Job {job} of {jobs}", "作业 {job}/{jobs}";
    VoidSlots: "Void slots", "空位";
    Issued: "Issued", "发卡日期";
    Slot: "Slot", "槽位";
    Place: "Position", "序号";
    Generation: "Gen.", "代";
    RemakeOf: "Remake of", "重制自";
    Route: "Route", "去向";
    Record: "Record", "记录";
    Operator: "Operator", "操作员";
    CheckedBy: "Checked by", "复核";
    GoodSpoiled: "Good / Spoiled", "合格 / 废卡";

    // Letters to outlets.
    To: "To", "致";
    LetterOfPackage: "Answer to your package of applications", "申请包受理结果通知";
    LetterOfSetAside: "Your package was not let in", "申请包未予接收通知";
    LetterOfNight: "Answer of the night", "夜间处理结果通知";
    LetterOfPackageIntro: "We have examined the package {package}, received on {date}. What was not accepted is listed below, with what is wrong, what was measured, what is allowed, and what to do by when.", "我中心已审核 {date} 收到的申请包 {package}。未受理的申请逐项列于下文，并注明问题、实测值、限值、处理办法和期限。";
    LetterOfSetAsideIntro: "The package {package}, which came on {date}, was set aside as a whole. None of its applications was read, and no card is made from it. What is wrong with it, what was measured, what is allowed and what to do is below; then send it again.", "{date} 收到的申请包 {package} 已整包搁置，其中申请均未读取，也不会据此制卡。问题、实测值、限值和处理办法列于下文，请处理后重新报送。";
    LetterOfNightIntro: "This is how your applications stand after the night of {date} (batch {batch}): what came since the night before, what was made, and what is still held.", "以下为 {date} 夜间处理（批次 {batch}）后贵网点申请的情况：上一夜以来收到的、已制卡的以及仍待定的申请。";
    NothingToDo: "Nothing was refused and nothing is held. There is nothing for you to do.", "没有退回或待定的申请，无需处理。";
    AboutThePackage: "About the package as a whole", "关于整个申请包";
    InBrief: "In brief", "原因汇总";
    LaneFixAtOutlet: "For you to put right", "需网点处理";
    LaneFixAtOutletMeans: "Please do what each line says. A corrected application is sent under a new application number that names this one in the column supersedes.", "请按各项说明处理。更正后的申请请使用新的申请编号，并在 supersedes 栏注明原编号。";
    LaneWeWillRetry: "We try again by ourselves", "我中心自动重试";
    LaneWeWillRetryMeans: "Nothing for you to do: a register doesn't have the entry yet, or a permit isn't valid yet. We look again every night.", "贵网点无需处理：登记数据尚未更新，或许可尚未生效。我中心每晚自动复核。";
    LaneOurSide: "For us to put right", "由我中心处理";
    LaneOurSideMeans: "This is our fault or our task. You need not do anything, and the applicant need not come again.", "属我中心责任或须由我中心处理，贵网点无需处理，申请人无需再次前来。";
    FixBy: "Please by {date}", "请于{date}前处理";
    RetryUntil: "Ask us if it is still held on {date}", "如至{date}仍待定，请与我们联系";
    OursBy: "We settle it by {date}", "我中心将于{date}前处理";
    Measured: "Measured", "实测";
    Limit: "Limit", "限值";
    RowOf: "row {row}", "第 {row} 行";
    RowOfPackage: "{package}, row {row}", "{package} 第 {row} 行";
    Continued: "continued", "续";
    MoreNotShown: "{count} more applications are not shown here. All of them are in {file}.", "另有 {count} 份申请未在此列出，全部内容见 {file}。";
    ListsBeside: "The same for spreadsheets and programs: {csv}, {jsonl}.", "供电子表格和程序使用的相同内容：{csv}、{jsonl}。";
    PicturesElsewhere: "Names and marked photos are in the letter of each package.", "姓名和标注照片见各申请包的通知。";
    ForProgramsBeside: "The same for programs: {json}.", "供程序使用的相同内容：{json}。";
    LetterIsPersonal: "This letter shows names and photos of applicants. Treat it as you treat their papers, and destroy it when it has served.", "本通知含申请人姓名和照片，请按申请材料保管，用毕销毁。";
    MarkedPhoto: "Photo of row {row}, marked where it breaks a rule", "第 {row} 行照片，已标注不合规处";
    Questions: "Questions: {phone}", "咨询电话：{phone}";

    // The run report.
    RunReport: "Run report", "运行报告";
    Profile: "Profile", "规则版本";
    Release: "Release", "程序版本";
    Balance: "Balance", "平衡";
    Balanced: "Everything that came in is accounted for.", "所有收到的申请均有去向。";
    Unbalanced: "NOT BALANCED: something that came in is not accounted for.", "不平衡：有申请去向不明。";
    Stage: "Stage", "环节";
    In: "In", "进";
    Out: "Out", "出";
    StagePackages: "Packages", "申请包";
    StageIntake: "Intake", "受理";
    StageCut: "Cut", "分批";
    StageMade: "Production", "制卡";
    StageDispatch: "Dispatch", "发运";
    OutOfPackages: "{received} taken in, {aside} set aside whole", "接收 {received}，整包搁置 {aside}";
    OutOfIntake: "{accepted} accepted, {held} held, {rejected} rejected", "受理 {accepted}，待定 {held}，退回 {rejected}";
    OutOfCut: "{tonight} of tonight's applications, {earlier} of earlier nights", "当夜申请 {tonight}，往夜申请 {earlier}";
    OutOfMade: "{made} cards made, {void} numbers void", "制成 {made}，作废 {void}";
    OutOfDispatch: "Bundles: {bundles}; jobs: {jobs}", "包 {bundles}，作业 {jobs}";
    PackagesAside: "Packages set aside", "搁置的申请包";
    PackagesAsideMeans: "Not let in since the night before, whole: none of their applications was read. They lie in quarantine/. A known sender has its answer; where the sender is unknown, nobody was told.", "自上一批次以来整包搁置，其中申请均未读取。原件存于 quarantine/。已知报送单位已收到通知；来源不明的未能通知任何单位。";
    UnknownSender: "unknown", "不明";
    OtherPackages: "{count} more: `cardline status --json`", "另有 {count} 个：cardline status --json";
    ByOutlet: "By outlet", "各网点";
    ByOutletMeans: "Applications that came tonight, by outlet and outcome.", "当夜各网点申请及结果。";
    Made: "Made", "制成";
    Void: "Void", "作废";
    OtherOutlets: "{count} other outlets", "其他 {count} 个网点";
    ByReason: "Refusals by reason", "退回与待定原因";
    ByReasonMeans: "Applications refused or held for each reason, and how often in the nights before, as they stand now.", "因各原因退回或待定的申请数，以及往夜的数量（按当前状态）。";
    Trend: "Nights before and tonight", "往夜与当夜";
    Nights: "Night by night", "逐夜对比";
    NightsMeans: "Applications of each night by outcome, as they stand now; tonight is last.", "每夜申请及结果（按当前状态），最后为当夜。";
    WorstOutlets: "Where", "主要网点";
    Speed: "Throughput", "速度";
    SpeedMeans: "Seconds of this run spent in each stage, and how many it did in one.", "本次运行各环节用时（秒）及每秒处理量。";
    NotMeasured: "Not measured: this run only dispatched.", "未测量：本次运行仅发运。";
    Items: "Items", "数量";
    Seconds: "Seconds", "秒";
    PerSecond: "Per second", "每秒";
    TimedRow: "Package {package}, row {row}", "申请包 {package} 第 {row} 行";
    TimedJob: "Job {job}", "作业 {job}";
    Item: "Item", "项目";
    Slowest: "Slowest items", "最慢项目";
    Forecast: "Finishing hour", "完成时间";
    FinishedEarly: "Finished at {time}, {spare} before {limit}.", "{time} 完成，距 {limit} 尚余 {spare}。";
    FinishedLate: "Finished at {time}, {spare} after {limit}: the night was too long.", "{time} 完成，晚于 {limit} {spare}：当夜任务过长。";
    Fits: "At tonight's pace about {cards} cards fit between the start of the run and {limit}.", "按当夜速度，自运行开始至 {limit} 约可完成 {cards} 张。";
    HoursMinutes: "{hours} h {minutes} min", "{hours} 小时 {minutes} 分";
    Proofs: "Proof sheet", "样张";
    ProofOf: "Card {number}", "卡 {number}";
    NoRefusals: "Nothing was refused or held.", "没有退回或待定的申请。";
}
