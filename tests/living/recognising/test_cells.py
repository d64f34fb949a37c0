"""Cells as a treatment, and words that only look like it."""

import pytest

from reprieve.living.recognising import recognise
from reprieve.living.record import ArmGroup, Intervention, Record


def trial(title, *interventions, summary="", arms=(), study_type="interventional", **more):
    return Record(
        "clinicaltrials.gov",
        "NCT1",
        "registration",
        title=title,
        summary=summary,
        interventions=tuple(
            given if isinstance(given, Intervention) else Intervention(given)
            for given in interventions
        ),
        arms=arms,
        study_type=study_type,
        **more,
    )


@pytest.mark.parametrize(
    "record",
    [
        trial("Stem Cells for Knee Osteoarthritis", "Mesenchymal stem cells", "Hyaluronic acid"),
        trial("BMAC for Hip Osteoarthritis", "Bone marrow aspirate concentrate"),
        trial("Micro-Fragmented Fat for Shoulder Pain", "Lipogems", "Corticosteroid"),
        trial("JOINTSTEM in Degenerative Arthritis", "JOINTSTEM", "Saline"),
        trial("Cartilage Repair", "Autologous chondrocyte implantation", "Microfracture"),
        trial("CD19 CAR T Cells for Lymphoma", "CD19 CAR T cells", "Fludarabine"),
        trial("Islet Transplantation in Type 1 Diabetes", "Islet transplantation"),
        trial("Cord Blood Transplantation in Aplastic Anemia", "Cord blood transplantation"),
        trial(
            "SCM-AGH in Atopic Dermatitis",
            Intervention("SCM-AGH", description="Allogeneic bone marrow-derived mesenchymal stem "
                         "cells are injected into a vein"),
            "Placebo",
        ),
        trial("Rexlemestrocel-L in Chronic Low Back Pain", "Rexlemestrocel-L", "Placebo"),
    ],
    ids=lambda record: record.title,
)  # fmt: skip
def test_cells(record):
    found = recognise(record)
    assert found.is_cell_therapy
    assert found.confidence > 0.5
    assert any(why.field == "is_cell_therapy" for why in found.because)


@pytest.mark.parametrize(
    "record",
    [
        trial("Hydroxyurea in Sickle Cell Disease", "Hydroxyurea"),
        trial("Sunscreen against Basal Cell Carcinoma", "Sunscreen"),
        trial("Brentuximab in Cutaneous T Cell Lymphoma", "Brentuximab vedotin"),
        trial("Osimertinib in Non-Small Cell Lung Cancer", "Osimertinib"),
        trial("Ancestim (Stem Cell Factor) for Anaemia", "Stem cell factor"),
        trial("Red Blood Cell Transfusion Thresholds", "Red blood cell transfusion"),
        trial("Exercise for Knee Osteoarthritis", "Exercise", "Education"),
        trial("Platelet-Rich Plasma for Tennis Elbow", "Platelet-rich plasma", "Saline"),
        trial("Genicular Nerve Block for Knee Pain", "Nerve block"),
        trial(
            "MSC-derived Exosomes in Knee Osteoarthritis",
            Intervention("Exosomes", description="exosomes derived from allogeneic mesenchymal "
                         "stromal cells"),
        ),
        trial("Stem Cell Conditioned Medium for Ulcers", "Conditioned medium of stem cells"),
        trial(
            "Filgrastim after Autologous Stem Cell Transplantation",
            "Filgrastim",
            summary="Patients undergoing autologous stem cell transplantation get filgrastim.",
        ),
        trial(
            "Letermovir in Stem Cell Transplant Recipients", "Letermovir",
            summary="Recipients of a stem cell transplant are at risk.",
        ),
        trial(
            "Muscle Energy Technique After Mesenchymal Stem Cell Transplantation in the Knee",
            "Muscle energy technique", "Conventional physical therapy",
        ),
        trial(
            "Pain Self-Management", "Coaching",
            eligibility="Exclusion Criteria: previous stem cell therapy of the knee",
        ),
        trial(
            "Isolation and Characterization of Mesenchymal Stem Cells of the Disc",
            study_type="observational",
        ),
        trial("Bone Graft in Spinal Fusion", "Autologous bone graft", "Ceramic"),
        trial("Dupilumab in Atopic Dermatitis", "Dupilumab", "Placebo"),
    ],
    ids=lambda record: record.title,
)  # fmt: skip
def test_no_cells(record):
    found = recognise(record)
    assert not found.is_cell_therapy
    assert found.cell_source is found.donor is found.route is None


def test_papers_are_told_by_title_and_abstract():
    paper = Record(
        "file",
        "1",
        "paper",
        title="Intradiscal stem cells for chronic low back pain: a randomized trial",
        summary="Allogeneic bone marrow mesenchymal stem cells were injected in 24 patients.",
    )
    found = recognise(paper)
    assert found.is_cell_therapy
    assert (found.cell_source, found.donor, found.design) == (
        "bone_marrow",
        "allogeneic",
        "parallel",
    )


def paper(title, summary=""):
    return Record("file", "1", "paper", title=title, summary=summary)


@pytest.mark.parametrize(
    "record",
    [
        paper("Mesenchymal stem cells for knee osteoarthritis"),
        paper("BMAC in hip osteoarthritis"),
        paper("Outcomes of stromal vascular fraction in tennis elbow"),
        paper("Lipogems for knee osteoarthritis: two-year results"),
        paper("Invossa in knee osteoarthritis"),
        paper("Axicabtagene ciloleucel in large B-cell lymphoma"),
        paper("Lumbar fusion with Trinity Evolution"),
        paper("Islet autotransplantation for painful chronic pancreatitis"),
        paper(
            "Safety of a new biologic in knee osteoarthritis",
            "40 patients were allocated to autologous adipose-derived mesenchymal stem cells "
            "(n=20) or hyaluronic acid (n=20).",
        ),
        paper("Células madre mesenquimales en la artrosis de rodilla"),
        paper("Mesenchymal stem cells improve function in chronic low back pain"),
        paper("Allogeneic mesenchymal stem cells ameliorate ageing: a randomized trial"),
        paper("Bone marrow aspirate concentration gave better results than microfracture"),
        paper("Complications after autologous chondrocyte implantation: a systematic review"),
        paper("Particulated juvenile articular cartilage for defects of the patella"),
        paper("Injected synovial stem cells differentiate into meniscal cells"),
        paper("The next generation of cell therapy for cartilage defects"),
    ],
    ids=lambda record: record.title,
)
def test_papers_of_cells(record):
    assert recognise(record).is_cell_therapy


@pytest.mark.parametrize(
    "record",
    [
        paper("Stem cell factor in synovial fluid of patients with knee osteoarthritis"),
        paper("Patients' attitudes to stem cell therapy for knee osteoarthritis: a survey"),
        paper("Bone marrow stem cells in hip osteoarthritis: colony forming units"),
        paper("Secretome of adipose-derived mesenchymal stem cells in knee osteoarthritis"),
        paper("Circulating progenitor cells in patients with chronic back pain"),
        paper("T cell responses in complex regional pain syndrome"),
        paper("Metformin against cancer stem cells"),
        paper(
            "Exercise after autologous chondrocyte implantation of the knee",
            "Forty patients trained at home or in hospital.",
        ),
        paper("A scaffold of mesenchymal stem cell-derived extracellular matrix in rabbits"),
        paper("Adipose-derived stem cell extract for alopecia"),
        paper("Chitosan attracts stromal cells into osteochondral defects"),
        paper(
            "Amifostine in patients with chemotherapy and autologous stem cell transplantation",
            "Forty patients were randomised to chemotherapy with or without amifostine.",
        ),
        paper(
            "Meniscus transplantation with platelet-rich plasma: two-year follow-up",
            "Three had autologous chondrocyte implantation before. All 33 received plasma. "
            + "Scores rose from the operation to the last visit. " * 10,
        ),
        paper(
            "Fibrin sealant for chronic low back pain",
            "Those with former stem cell treatment were compared.",
        ),
        paper(
            "Isolation and in vitro differentiation of mesenchymal stem cells of the disc",
            "Stem cells were characterised.",
        ),
    ],
    ids=lambda record: record.title,
)
def test_papers_without_cells(record):
    assert not recognise(record).is_cell_therapy


def test_a_registration_of_title_and_summary_is_read_like_a_paper():
    told = {
        "title": "Adipose Stem Cells in Knee Osteoarthritis",
        "summary": "Autologous adipose-derived stem cells are injected into the knee.",
    }
    record = Record("clinicaltrials.gov", "NCT1", "registration", **told)
    found = recognise(record)
    assert found.is_cell_therapy
    assert found.confidence > 0.9
    assert (found.condition, found.donor) == ("knee_osteoarthritis", "autologous")


def test_an_arm_without_cells_names_none():
    record = trial(
        "Rotator Cuff Repair With and Without Platelets",
        "Platelet-rich fibrin",
        arms=(ArmGroup("Repair without stem cells", "active comparator"),),
    )
    assert not recognise(record).is_cell_therapy


HOSTILE = [
    "a " * 10_000,
    "stem " * 4_000,
    "bone marrow " * 1_700,
    "mesenchymal-" * 1_700,
    "1.x" * 7_000,
    "exosomes derived from " * 900,
    "autologous bone " * 1_300,
    "from the patient " * 1_200,
    "patients have been " * 1_000,
    "rotator cuff " * 1_500,
    "diabetic " * 2_000,
    "(" * 20_000,
    " " * 20_000,
    "İSTANBUL stem cells İ" * 900,
    "\x00\ud800" * 100,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_is_read_to_its_end(text):
    found = recognise(
        trial(
            text,
            Intervention(text, description=text),
            summary=text,
            description=text,
            eligibility=text,
            conditions=(text,),
            keywords=(text,),
            arms=(ArmGroup(text, "experimental", text),),
        )
    )
    for why in found.because:
        assert why.word == text[why.start : why.end]


def test_empty_record():
    found = recognise(Record("file", "", "paper"))
    assert found.to_dict()["condition"] is None
    assert not found.is_cell_therapy
