//! scratch, removed before delivery
use artwork::*;
use card::*;
use jiff::civil::date;
fn main() {
    let mode = std::env::args().nth(1).unwrap();
    let out = std::env::args().nth(2).unwrap();
    let layout = Profile::built_in("hubei-foreigner-2025", date(2025,6,1)).unwrap().face;
    let jpg = std::fs::read(std::env::args().nth(3).unwrap()).unwrap();
    let faces = Faces::new(&layout).unwrap();
    let names = [("ŁUKASZ ŚWIĄTEK", Some("卢卡斯·斯维昂泰克")), ("MUHAMMAD ABDURRAHMAN KHUZAIFAH WIDJAJANTO", Some("穆罕默德·阿卜杜勒拉赫曼·胡宰法·维加詹托")), ("RAMASUBRAMANIAMVENKATANARASIMHARAJUVARI", None), ("NGUYỄN THỊ HỒNG ÁNH", Some("阮氏红英𠮷㛃䶮")), ("LI", Some("李"))];
    let card = |n: u32| { let (name, zh) = names[n as usize % names.len()]; let a = Application { application_id: "A".into(), business_type: BusinessType::New, lane: Lane::Normal, name: name.into(), name_zh: zh.map(|z| if mode=="job" {format!("{z}{}", char::from_u32(0x4e00+n*11).unwrap())} else {z.to_string()}), sex: Sex::M, birth_date: date(1990,2,3), nationality: "UTO".into(), document_type: DocumentType::Passport, document_number: "X1".into(), document_expiry: date(2030,1,1), mrz: None, ssn: format!("UTO0X{n:08}"), work_permit_number: format!("420001{n:011}"), work_permit_category: 'B', work_permit_from: date(2025,3,1), work_permit_to: date(2026,2,28), employer_name: if n%2==1 {"Wuhan East Lake Optoelectronic Technology and Precision Instruments Joint Venture Co., Ltd. Hubei Branch".into()} else {"武汉东湖光电科技有限公司".into()}, employer_code: "".into(), photo: "".into(), photo_taken_on: date(2025,5,1), religious_headgear: false, delivery: Delivery::Outlet, phone: "".into(), bank: "".into(), receipt_number: None, due_on: None, supersedes: None, loss_report: None, old_card_number: None };
        Card { batch: BatchId::parse("B20250601-01").unwrap(), position: n, job: 1, slot: n, number: format!("A9{n:06}X"), generation: 1, outlet: OutletCode::parse("WH-01").unwrap(), division: "420100".into(), application: a, issued_on: date(2025,6,1), expires_on: date(2035,6,1), qr_payload: format!("CL1:A9{n:06}X"), record_digest: Keyed::of(&[7;32], "x", &[&n.to_be_bytes()]) } };
    let id = DocumentId { title: "B20250601-01 job 1".into(), date: date(2025,6,1) };
    match mode.as_str() {
        "cards" => { let pages: Vec<Page> = (0..5).flat_map(|n| faces.card_pages(&card(n), &Photo::new(jpg.clone()).unwrap()).unwrap()).collect();
            for (n,p) in pages.iter().enumerate() { std::fs::write(format!("{out}-{n}.png"), page_png(p, 300.0).unwrap()).unwrap(); }
            std::fs::write(format!("{out}.pdf"), job_pdf(pages, &id).unwrap()).unwrap(); }
        "job" => { let cards: Vec<_> = (0..500).map(|n| (card(n), { let mut j = jpg.clone(); let l=j.len(); j[l-3] ^= n as u8; Photo::new(j).unwrap() })).collect();
            for _ in 0..4 { let t = std::time::Instant::now(); let pages: Vec<_> = cards.iter().flat_map(|(c,p)| faces.card_pages(c,p).unwrap()).collect(); let t1 = t.elapsed(); let b = job_pdf(pages, &id).unwrap(); println!("pages {:?} all {:?} bytes {} beyond photos/card {}", t1, t.elapsed(), b.len(), (b.len()-500*jpg.len())/500); std::fs::write(format!("{out}.pdf"), b).unwrap(); } }
        "sheet" => { let proofs: Vec<_> = (0..16).flat_map(|n| faces.card_pages(&card(n), &Photo::new(jpg.clone()).unwrap()).unwrap().into_iter().map(move |p| Proof { page: p.into(), caption: format!("{n} · A9{n:06}X") })).collect();
            let pages = proof_sheet("B20250601-01 样张 Proof", &proofs, 4).unwrap(); std::fs::write(format!("{out}.png"), page_png(&pages[0], 120.0).unwrap()).unwrap(); std::fs::write(format!("{out}.pdf"), job_pdf(pages, &id).unwrap()).unwrap(); }
        "paper" => { let t = Table { title: "装箱单 Packing list".into(), lines: vec!["批次 Batch B20250601-01 · 网点 Outlet WH-01 武汉江汉服务网点".into(), "卡数 Cards 60 · 箱 Box 3".into()], barcode: Some("B20250601-01/WH-01".into()), landscape: false, columns: vec![Column::right("序号\u{2002}No.",0.8), Column::left("箱位 Position",1.3), Column::left("姓名 Name",4.0), Column::left("卡号 Card number",1.8), Column::left("申请编号 Application",2.2)], rows: (1..=60).map(|n| vec![n.to_string(), format!("3-{n:03}"), names[n%5].0.to_string()+" "+names[n%5].1.unwrap_or(""), format!("A9{n:06}X"), format!("WH01-2025-{n:06}")]).collect(), notes: vec!["请当面清点;数量不符时不要签收。 Count before signing; do not sign if the count differs.".into()], signatures: vec!["移交人 Handed over by".into(),"接收人 Received by".into(),"清点数 Count".into(),"日期 Date".into()], footer: "省级制卡中心 Provincial Card Production Centre".into() };
            std::fs::write(format!("{out}-list.pdf"), job_pdf(table_document(&t).unwrap(), &id).unwrap()).unwrap();
            let l = MailLabel { sender: vec!["湖北省社会保障卡制卡中心".into(), "Provincial Card Production Centre".into(), "武汉市武昌区示范路 1 号 430071 · 027-00000000".into()], recipient: "ŁUKASZ ŚWIĄTEK 卢卡斯".into(), phone: "138 0000 0000".into(), address: "湖北省武汉市洪山区珞喻路示范小区 8 栋 2 单元 1201 室 Room 1201, Unit 2, Building 8, Luoyu Road".into(), postcode: "430079".into(), barcode: "A91234567-000123".into(), references: vec!["批次 B20250601-01 · 邮件 Mail item 12/80".into()] };
            std::fs::write(format!("{out}-label.pdf"), job_pdf([mail_label(&l).unwrap()], &id).unwrap()).unwrap(); }
        _ => panic!(),
    }
}
